"""Backups, and restores that are declared: the log says so, and who was removed since is removed again before serving.

Order: the act, with rules and holds that came since -> the mirror, which excuses what was lost -> the published tree
head -> removals intended and carried out again -> people's words (`governance.again`). A crash leaves a store that does
not open before the act is mirrored, and that goes on by itself after.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from domain.acts import KeysCreated, Removal, Restored, parse
from domain.clock import day_name, day_of
from domain.errors import Unavailable
from domain.log import Entry, Head, Log
from domain.proofs import frontier_at
from governance import again
from governance.keyrows import FENCED
from governance.mirrored import HOLDS, RESTORED, RULES, keep, lost, owed, removed
from governance.publishing import HighWater, Mirror, Rollback, require_extends
from governance.removals import (
    EXECUTED,
    INTENDED,
    KINDS,
    REMOVALS,
    RETENTION,
    Period,
    all_removals,
    removal_acts,
    removals,
)
from governance.removing import carry_out
from governance.restoring import mark_again
from governance.roles import require
from governance.store import Locked, Store, insert_acts
from governance.words import gone_with

SCAN_ENTRIES = 5000


class Restoration(NamedTuple):
    """What a restore found."""

    status: str  # completed; partial: a removal waits for something, or something could not be brought back
    size: int  # of the log as it was brought back
    entries_lost: int  # at least: what came after the last published tree head is not known
    acts_lost: dict[str, int]
    cases: list[str]  # removals that were carried out again
    reapplied: dict[str, int]  # rules, holds and words that came after the backup
    not_reapplied: dict[str, int]  # of people whom the backup does not know, or whose text is missing


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
    """Say on the log that it is an older copy of itself, and put the rules and holds on it that came since.

    Safe to repeat. `erasure.recover` does the rest, under the policy that is in force then.
    Raises NotPermitted, and Unavailable without the mirror: nothing else tells who was removed since.
    """
    require(store, "restore")
    last = store.mirror.high_water()
    if last is None:
        raise Unavailable("the key store has no mirror of this store: nothing tells whom it has forgotten since")
    lines = store.mirror.acts()
    due = owed(lines, store.log.acts([*RULES, *HOLDS]), store.clock())
    rules = again.rules_with_texts(store, due)
    with store.lock() as locked:
        size = locked.log.head().size
        locked.keys.set_number(again.DUE, 1)
        act = _declared(store, last)
        if act is None:
            _drop_newer(locked, size)
            if _extends(store.log, locked.log.head(), last):
                return Restoration("completed", size, 0, {}, [], {}, {})
            act = Restored(size_from=last.size, root_from=last.root.hex(), size_to=size, cases=_cases(store, lines))
            holds = again.holds_with_people(store, locked.keys, due)
            acts = [*rules, *(("hold_set", one) for one, _ in holds), *(("hold_released", one) for one in due.released)]
            insert_acts(store, locked, [(RESTORED, act), *acts])
            again.put(locked, rules, holds, due.released, size)
    _excuse(store, act)
    known = Counter(one.name for one in lost(lines, act))
    left = owed(lines, store.log.acts([*RULES, *HOLDS]), store.clock())
    return Restoration(
        "completed", act.size_to, act.size_from - act.size_to, dict(sorted(known.items())), act.cases,
        again.counted(due, but=left), again.counted(left),
    )  # fmt: skip


def settled(done: Restoration, status: str, *, words: int, words_lost: Mapping[str, int]) -> Restoration:
    """A declared restore with what came of it."""
    missing = {**done.not_reapplied, **words_lost}
    reapplied = {**done.reapplied, **({"words": words} if words else {})}
    return done._replace(status="partial" if missing else status, reapplied=reapplied, not_reapplied=missing)


def finish_restores(store: Store) -> str:
    """Intend and carry out again every removal that was mirrored and that the log lost; before serving."""
    known = {act.case for _, act in all_removals(store, INTENDED)}
    gone = {case: acts for case, acts in removed(store.mirror.acts()).items() if case not in known}
    named = {case for entry in store.log.acts([RESTORED]) for case in _named(entry)} | gone.keys()
    open_cases = [case for case in map(bytes.fromhex, sorted(named)) if not removals(store, EXECUTED, case)]
    if not open_cases:
        return "completed"
    for case, acts in gone.items():
        _intend_again(store, bytes.fromhex(case), acts)
    for slot in ("a", "b"):
        store.slots.clear(slot)  # they may remember the removed, or be sealed under keys that are gone
    outcomes = carry_out(store, open_cases)
    return "partial" if any(one.status != "completed" for one in outcomes) else "completed"


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
    entries = store.log.acts([RESTORED, *RULES, *HOLDS])
    position = next(one.position for one in entries if one.act == RESTORED and parse(RESTORED, one.fields or "") == act)
    keep(store.mirror, [one for one in entries if one.position >= position])
    with store.mirror.advancing() as last:
        head = store.log.head()
        if last is not None and (last.size, last.root.hex()) == (act.size_from, act.root_from):
            store.mirror.write_high_water(HighWater(head.size, head.frontier.root(), head.note))


def _cases(store: Store, lines: Sequence[str]) -> list[str]:
    """Removals that were ever mirrored, and that the log does not know."""
    return sorted(removed(lines).keys() - {act.case for _, act in all_removals(store, INTENDED)})


def _named(entry: Entry) -> list[str]:
    act = parse(RESTORED, entry.fields or "")
    return act.cases if isinstance(act, Restored) else []


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
        members = gone_with(store, [row.subject for row in locked.keys.every_subject()], case)
        if members or case.hex() in store.mirror.cases():  # of a person, who goes whole, but for what the law keeps
            members |= {row.subject for row in back}
            mark_again(store, locked, members, case)
            locked.keys.set_state(members, FENCED, case)
            taken |= {row.key_id for row in locked.keys.keys_of(members, taken=True)}
        locked.keys.take(taken, case)
        for counted in ("changes", REMOVALS):
            locked.keys.set_number(counted, locked.keys.number(counted) + 1)
        held = taken > doomed
        anew = removal_acts(store, case, doomed, contents, is_held=held, period=period, receipt=first.receipt)
        insert_acts(store, locked, [(kind.intended, act) for act in anew])


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
