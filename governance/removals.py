"""What a removal takes away, as acts: decided once under the append lock, carried out as decided."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from domain.acts import KEYS_AN_ACT, Removal, parse
from domain.log import Entry
from domain.tree import Frontier, leaf_hashes
from governance.keyrows import KeyRow, SubjectRow
from governance.store import Locked, Store, insert_acts


class Kind(NamedTuple):
    """The acts before the first step that cannot be undone and after the last."""

    intended: str
    executed: str


ERASURE: Final = Kind("erasure_intended", "erasure_executed")
RETENTION: Final = Kind("retention_intended", "retention_applied")
KINDS: Final = (ERASURE, RETENTION)
INTENDED: Final = tuple(kind.intended for kind in KINDS)
EXECUTED: Final = tuple(kind.executed for kind in KINDS)

REMOVALS: Final = "erasures"
"""The keyring's count of removals: a replay begun before one may have read what is gone."""

HOLD: Final = "hold"
"""Code of what an act does not cover: keys that a hold or a legal duty keeps."""

SUBJECTS_AT_ONCE: Final = 500


class Period(NamedTuple):
    """The class and epoch whose time is over."""

    klass: str
    epoch: int


def removals(store: Store, names: Collection[str], case: bytes) -> list[tuple[Entry, Removal]]:
    """The acts of these names that belong to a case, ascending."""
    found = all_removals(store, names, mentioning=f'"case":"{case.hex()}"')
    return [(entry, act) for entry, act in found if act.case == case.hex()]


def all_removals(store: Store, names: Collection[str], *, mentioning: str = "") -> list[tuple[Entry, Removal]]:
    """Every act of these names with its entry, ascending."""
    found = [
        (entry, parse(entry.act or "", entry.fields or ""))
        for entry in store.log.acts(sorted(names), mentioning=mentioning)
    ]
    return [(entry, act) for entry, act in found if isinstance(act, Removal)]


def intend(
    store: Store,
    locked: Locked,
    case: bytes,
    doomed: Sequence[KeyRow],
    *,
    kept: Sequence[KeyRow] = (),
    shut: Sequence[KeyRow] = (),
    period: Period | None = None,
    receipt: str | None = None,
) -> None:
    """Take keys, and put on the log what goes with them.

    `kept` ones stay for whoever holds them, and `shut` ones for whom they prove something: nobody else opens them.
    """
    rows = locked.keys
    rows.take([row.key_id for row in (*doomed, *kept, *shut)], case)
    for counted in ("changes", REMOVALS):
        rows.set_number(counted, rows.number(counted) + 1)
    kind = ERASURE if period is None else RETENTION
    acts = _acts(store, locked, case, doomed, is_held=bool(kept), period=period, receipt=receipt)
    insert_acts(store, locked, [(kind.intended, act) for act in acts])


def begun_on(store: Store, locked: Locked, keys: Sequence[KeyRow]) -> dict[bytes, bytes]:
    """By key: the removal that has taken it, if its intent reached the log before a crash."""
    takers = locked.keys.taken([row.key_id for row in keys])
    known = {case for case in set(takers.values()) if removals(store, INTENDED, case)}
    return {key: case for key, case in takers.items() if case in known}


def own_contents(store: Store, members: Collection[SubjectRow]) -> Iterator[Entry]:
    """The entries that the streams of these subjects lead to."""
    handles = sorted(row.handle for row in members)
    for start in range(0, len(handles), SUBJECTS_AT_ONCE):
        yield from store.log.contents(store.log.positions(handles[start : start + SUBJECTS_AT_ONCE]))


def _acts(
    store: Store, locked: Locked, case: bytes, keys: Sequence[KeyRow], *, is_held: bool, period: Period | None,
    receipt: str | None,
) -> list[Removal]:  # fmt: skip
    doomed = {row.key_id for row in keys}
    members = locked.keys.subjects({row.subject for row in keys}).values()
    contents = sorted(
        one.content for one in own_contents(store, members) if one.key_id in doomed and one.content is not None
    )
    return removal_acts(store, case, doomed, contents, is_held=is_held, period=period, receipt=receipt)


def removal_acts(
    store: Store, case: bytes, doomed: Collection[bytes], contents: Sequence[bytes], *, is_held: bool,
    period: Period | None, receipt: str | None,
) -> list[Removal]:  # fmt: skip
    """The acts that say which keys go, and with them bodies of these contents, ascending."""
    names = sorted(key.hex() for key in doomed)
    parts = [names[start : start + KEYS_AN_ACT] for start in range(0, len(names), KEYS_AN_ACT)] or [[]]
    return [
        Removal(
            case=case.hex(),
            keys=part,
            entries=len(contents),
            bodies=len(contents),
            root=Frontier().extended(leaf_hashes(contents)).root().hex(),
            part=index + 1,
            parts=len(parts),
            technique=store.storage.technique,
            uncovered=[*store.storage.uncovered, *([HOLD] if is_held else [])],
            klass=period and period.klass,
            epoch=period and period.epoch,
            receipt=receipt,
        )
        for index, part in enumerate(parts)
    ]
