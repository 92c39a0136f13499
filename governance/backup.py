"""Backups, and restores that are declared: the log says so, and who was removed since is removed again before serving.

Order: the act -> the mirror, which excuses what was lost -> the published tree head -> removals intended and carried
out again. A crash leaves a store that does not open before the act is mirrored, and that goes on by itself after.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.acts import KeysCreated, Removal, Restored, parse
from domain.clock import day_name, day_of
from domain.errors import Unavailable
from domain.log import Head, Log
from domain.proofs import frontier_at
from governance.keyrows import FENCED
from governance.mirrored import RESTORED, Mirrored, lost, standing
from governance.publishing import HighWater, Mirror, Rollback, require_extends
from governance.removals import EXECUTED, INTENDED, KINDS, REMOVALS, RETENTION, Period, removal_acts, removals
from governance.removing import carry_out, line
from governance.restoring import mark_again
from governance.roles import require
from governance.store import Locked, Store, insert_acts

SCAN_ENTRIES = 5000


class Restoration(NamedTuple):
    """What a restore found."""

    status: str  # completed, partial: a removal waits for something, and nobody is served what it removes
    size: int  # of the log as it was brought back
    entries_lost: int  # at least: what came after the last published tree head is not known
    acts_lost: dict[str, int]
    cases: list[str]  # removals that were carried out again


def described(store: Store, head: Head) -> dict[str, Any]:
    """What a backup says of the log that it holds."""
    with store.keyring.database.reading() as rows:
        number = rows.number("store")
    return {
        "store": f"{number:016x}",
        "origin": store.origin,
        "vkey": store.vkey,
        "day": day_name(day_of(store.clock())),
        "size": head.size,
        "root": head.frontier.root().hex(),
        "note": head.note,
        "generation": store.keyring.key_store.current(),
    }


def is_begun(log: Log, mirror: Mirror, *, size: int, root: bytes) -> bool:
    """Whether a log is one that was brought back from a backup of this tree head and is not declared yet."""
    head, last = log.head(), mirror.high_water()
    if head.size < size or frontier_at(size, log).root() != root or last is None:
        return False
    return not _extends(log, head, last)


def declare(store: Store) -> Restoration:
    """Say on the log that it is an older copy of itself, and do again what was removed since; safe to repeat.

    Raises NotPermitted, and Unavailable without the mirror: nothing else tells who was removed since.
    """
    require(store, "restore")
    last = store.mirror.high_water()
    if last is None:
        raise Unavailable("the key store has no mirror of this store: nothing tells whom it has forgotten since")
    lines = store.mirror.acts()
    with store.lock() as locked:
        size = locked.log.head().size
        act = _declared(store, last)
        if act is None:
            _drop_newer(locked, size)
            if _extends(store.log, locked.log.head(), last):
                return Restoration("completed", size, 0, {}, [])
            gone = [one for one in standing(lines) if one.position >= size]
            act = Restored(size_from=last.size, root_from=last.root.hex(), size_to=size, cases=_cases(gone))
            insert_acts(store, locked, [(RESTORED, act)])
    _excuse(store, act)
    status = finish_restores(store)
    known = Counter(one.name for one in lost(lines, act))
    return Restoration(status, act.size_to, act.size_from - act.size_to, dict(sorted(known.items())), act.cases)


def finish_restores(store: Store) -> str:
    """Intend and carry out again what declared restores have lost; before serving, and after a crash."""
    waiting = False
    for entry in store.log.acts([RESTORED]):
        act = parse(RESTORED, entry.fields or "")
        assert isinstance(act, Restored)
        open_cases = [case for case in map(bytes.fromhex, act.cases) if not removals(store, EXECUTED, case)]
        if not open_cases:
            continue
        gone = lost(store.mirror.acts(), act)
        for case in open_cases:
            _intend_again(store, case, _removals_of(gone, case))
        for slot in ("a", "b"):
            store.slots.clear(slot)  # they may remember the removed, or be sealed under keys that are gone
        waiting |= any(one.status != "completed" for one in carry_out(store, open_cases))
    return "partial" if waiting else "completed"


def _extends(log: Log, head: Head, last: HighWater) -> bool:
    try:
        require_extends(head, last, log)
    except Rollback:
        if head.size >= last.size:
            raise  # longer, and another log: no backup of this one
        return False
    return True


def _declared(store: Store, last: HighWater) -> Restored | None:
    """The act of an earlier try for the same loss."""
    for entry in store.log.acts([RESTORED]):
        act = parse(RESTORED, entry.fields or "")
        if isinstance(act, Restored) and (act.size_from, act.root_from) == (last.size, last.root.hex()):
            return act
    return None


def _drop_newer(locked: Locked, size: int) -> None:
    """A keyring that is newer than the log knows people whose entries are lost, and processes that are no more."""
    locked.keys.drop_born_since(size)
    locked.keys.set_number("born", -1)
    locked.keys.drop_leases(locked.keys.leases())


def _excuse(store: Store, act: Restored) -> None:
    """From here on the mirror asks for the act in place of what it lost, and its log is the published one."""
    entry = next(one for one in store.log.acts([RESTORED]) if parse(RESTORED, one.fields or "") == act)
    store.mirror.add_acts([line(entry)])
    with store.mirror.advancing() as last:
        head = store.log.head()
        if last is not None and (last.size, last.root.hex()) == (act.size_from, act.root_from):
            store.mirror.write_high_water(HighWater(head.size, head.frontier.root(), head.note))


def _cases(gone: Sequence[Mirrored]) -> list[str]:
    acts = [one.act for one in gone if one.name in (*INTENDED, *EXECUTED)]
    return sorted({act.case for act in acts if isinstance(act, Removal)})


def _removals_of(gone: Sequence[Mirrored], case: bytes) -> list[tuple[str, Removal]]:
    found = [(one.name, one.act) for one in gone if one.name in (*INTENDED, *EXECUTED)]
    return [(name, act) for name, act in found if isinstance(act, Removal) and act.case == case.hex()]


def _intend_again(store: Store, case: bytes, acts: Sequence[tuple[str, Removal]]) -> None:
    """Put on the log what of a removal this log knows; keys may be there again, or not any more."""
    kind = next(kind for kind in KINDS if acts[0][0] in kind)
    first = acts[0][1]
    period = Period(first.klass or "", first.epoch or 0) if kind is RETENTION else None
    doomed = {bytes.fromhex(key) for _, act in acts for key in act.keys} & set(_committed(store))
    contents = sorted(_contents(store, doomed))
    with store.lock() as locked:
        if removals(store, INTENDED, case):
            return
        back = locked.keys.keys(doomed, taken=True)
        taken = {row.key_id for row in back}
        if case.hex() in store.mirror.cases():  # of a person, who goes whole; what the law keeps opens to nobody
            members = {row.subject for row in back}
            mark_again(store, locked, members, case)
            locked.keys.set_state(members, FENCED, case)
            taken |= {row.key_id for row in locked.keys.keys_of(members, taken=True)}
        locked.keys.take(taken, case)
        for counted in ("changes", REMOVALS):
            locked.keys.set_number(counted, locked.keys.number(counted) + 1)
        held = taken > doomed
        again = removal_acts(store, case, doomed, contents, is_held=held, period=period, receipt=first.receipt)
        insert_acts(store, locked, [(kind.intended, act) for act in again])


def _committed(store: Store) -> Iterator[bytes]:
    for entry in store.log.acts(["keys_created"]):
        act = parse("keys_created", entry.fields or "")
        assert isinstance(act, KeysCreated)
        yield from (bytes.fromhex(key) for key, _ in act.keys)


def _contents(store: Store, doomed: set[bytes]) -> Iterator[bytes]:
    after = -1
    while entries := store.log.entries(after=after, limit=SCAN_ENTRIES):
        after = entries[-1].position
        yield from (one.content for one in entries if one.key_id in doomed and one.content is not None)
