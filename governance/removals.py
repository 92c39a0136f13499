"""What an erasure removes, as acts: decided once under the append lock, carried out as decided."""

from collections.abc import Sequence

from domain.acts import KEYS_AN_ACT, Removal, parse
from domain.log import Entry
from domain.tree import Frontier, leaf_hashes
from governance.keyring import EVIDENCE
from governance.keyrows import FENCED, KeyRow, SubjectRow
from governance.store import Locked, Store, insert_acts

INTENDED, EXECUTED = "erasure_intended", "erasure_executed"


def removals(store: Store, name: str, case: bytes) -> list[tuple[Entry, Removal]]:
    """The acts of this name that belong to a case, ascending."""
    found = all_removals(store, name, mentioning=f'"case":"{case.hex()}"')
    return [(entry, act) for entry, act in found if act.case == case.hex()]


def all_removals(store: Store, name: str, *, mentioning: str = "") -> list[tuple[Entry, Removal]]:
    """Every act of this name with its entry, ascending."""
    found = [(entry, parse(name, entry.fields or "")) for entry in store.log.acts([name], mentioning=mentioning)]
    return [(entry, act) for entry, act in found if isinstance(act, Removal)]


def append_intent(store: Store, locked: Locked, case: bytes) -> None:
    """Put on the log what will go, for the subjects that the case has fenced."""
    rows = locked.keys
    members = rows.of_case(case, FENCED)
    if not members:
        return
    keys = [row for row in rows.keys_of([one.subject for one in members]) if row.klass != EVIDENCE]
    insert_acts(store, locked, [(INTENDED, act) for act in _removal_acts(store, case, members, keys)])


def _removal_acts(store: Store, case: bytes, members: Sequence[SubjectRow], keys: Sequence[KeyRow]) -> list[Removal]:
    doomed = {row.key_id for row in keys}
    entries = [one for one in own_contents(store, members) if one.key_id in doomed]
    contents = sorted(one.content for one in entries if one.content is not None)
    names = sorted(key.hex() for key in doomed)
    parts = [names[start : start + KEYS_AN_ACT] for start in range(0, len(names), KEYS_AN_ACT)] or [[]]
    root = Frontier().extended(leaf_hashes(contents)).root()
    return [
        Removal(
            case=case.hex(),
            keys=part,
            entries=len(entries),
            bodies=len(contents),
            root=root.hex(),
            part=index + 1,
            parts=len(parts),
            technique=store.storage.technique,
            uncovered=store.storage.uncovered,
        )
        for index, part in enumerate(parts)
    ]


def own_contents(store: Store, members: Sequence[SubjectRow]) -> Sequence[Entry]:
    return store.log.contents(store.log.positions([row.handle for row in members]))
