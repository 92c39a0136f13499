"""A merge undone: two people who were taken for one stand for themselves again.

Who owned what before the merge keeps it. What came in afterwards, under whichever identifier, was recorded as the
other's and stays there: history is never handed from one person to another. Nobody joins the two by chance again,
only an alias does.
"""

from typing import NamedTuple

from domain.errors import Fenced, MergedMeanwhile, NotFound, Refused
from domain.events import UNMERGED
from governance.blind import follow
from governance.facts import Fact, record
from governance.keyring import IDENTITY
from governance.keyrows import LIVE, KeyRows
from governance.projecting import catch_up_to_head
from governance.replay import UNMERGES
from governance.roles import require
from governance.store import Locked, Store
from governance.subjects import find


class NotMerged(Refused):
    """The identifier is the person's own: no merge brought it."""

    def __init__(self) -> None:
        super().__init__("no merge brought this identifier to the person")


class Unmerged(NamedTuple):
    """Who stays, and who stands for itself again."""

    root: bytes
    absorbed: bytes


def unmerge(store: Store, identifier: str, *, apart: str) -> Unmerged:
    """Split off the subject that an identifier named before it was merged into this person.

    The facts come first: interrupted after them, the same call again completes it. Raises NotFound for a person or
    an identifier that is not there, NotMerged, and Fenced or MergedMeanwhile when somebody else was faster.
    """
    require(store, "request")
    root = find(store, identifier)
    with store.keyring.database.reading() as rows:
        follow(store.blinder, store.keyring, rows)
        named = list(rows.identifiers([store.blinder.blind(apart)]).values())
        if not named or rows.roots([named[0].subject]).get(named[0].subject, named[0].subject) != root:
            raise NotFound
    absorbed = named[0].subject
    if absorbed == root:
        raise NotMerged

    def first(locked: Locked) -> None:
        _require_merged(locked.keys, absorbed, root)
        locked.keys.set_number(UNMERGES, locked.keys.number(UNMERGES) + 1)

    told = [
        Fact(absorbed, IDENTITY, UNMERGED, {"from": root.hex()}),
        Fact(root, IDENTITY, UNMERGED, {"absorbed": absorbed.hex()}),
    ]
    record(store, told, under_lock=first)
    with store.lock() as locked:
        _require_merged(locked.keys, absorbed, root)
        locked.keys.drop_merge(absorbed)
        locked.keys.keep_apart(locked.keys.members(absorbed))
        locked.keys.set_number("changes", locked.keys.number("changes") + 1)
    catch_up_to_head(store)
    return Unmerged(root, absorbed)


def _require_merged(rows: KeyRows, absorbed: bytes, root: bytes) -> None:
    if any(row.state != LIVE for row in rows.subjects([absorbed, root]).values()):
        raise Fenced
    if rows.roots([absorbed]).get(absorbed) != root:
        raise MergedMeanwhile
