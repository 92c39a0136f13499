"""Storage limitation: which keys' time is over, and their end. GDPR Art. 5(1)(e), PIPL Art. 19.

A class is kept for its months after the month of receipt; an epoch is one such month. What a hold or a legal duty
keeps waits. After it a store equals one that only ever received what is left.
"""

from collections.abc import Sequence
from typing import Any, Final

from domain.clock import day_of, month_of
from domain.events import Micros
from governance.consent import UNKNOWN
from governance.erasure import complete_held
from governance.holds import holds_on
from governance.keyring import EVIDENCE, IDENTITY, PROFILE
from governance.keyrows import KeyRow, KeyRows
from governance.lattice import Ruling, ruling
from governance.publishing import publish
from governance.purposes import unjustified
from governance.recipients import settle
from governance.removals import Period, intend, unfinished
from governance.removing import Outcome, Say, carry_out, remove_unjustified
from governance.roles import require
from governance.standing import standing_of
from governance.store import Locked, Store
from governance.subjects import component, find, name_of
from governance.suppression import sweep
from governance.words import drop_ended

RAN: Final = "retention_ran"
"""The keyring's number: when retention was applied last, in microseconds."""

KEYS_AT_ONCE: Final = 5000


def plan(store: Store, *, months_ahead: int = 12) -> dict[str, Any]:
    """What is due now and what becomes due: classes and epochs with counts of keys, and who lost every purpose."""
    require(store, "retention")
    month = month_of(day_of(store.clock()))
    with store.keyring.database.reading() as rows:
        places = rows.epochs()
        due = [
            _place(rows, store, klass, epoch, month)
            for klass, epoch, _ in places
            if _is_over(store, klass, epoch, month)
        ]
        ran = rows.number(RAN)
    coming = [
        {"class": klass, "epoch": month_text(epoch), "due": month_text(ends), "keys": keys}
        for klass, epoch, keys in places
        if (ends := _ends(store, klass, epoch)) is not None and month <= ends - 1 < month + months_ahead
    ]
    return {
        "as_of": month_text(month),
        "last_run": ran or None,
        "due": [place for place in due if place["keys"] or place["kept"]],
        "unjustified": _unjustified(store),
        "coming": sorted(coming, key=lambda one: (one["due"], one["class"])),
    }


def apply(store: Store, *, wait_seconds: float = 10, say: Say = lambda _: None) -> list[Outcome]:
    """Destroy what is due, release holds whose time is over, complete what they kept and what was interrupted."""
    require(store, "retention")
    now = store.clock()
    month = month_of(day_of(now))
    with store.keyring.database.reading() as rows:
        over = [(klass, epoch) for klass, epoch, _ in rows.epochs() if _is_over(store, klass, epoch, month)]
    cases = unfinished(store)
    for klass, epoch in over:
        with store.lock() as locked:
            doomed = _doomed(locked, store, klass, epoch, now)
            if doomed:
                cases.append(store.random(16))
                intend(store, locked, cases[-1], doomed, period=Period(klass, epoch))
    publish(store.log, store.mirror)
    outcomes = carry_out(store, cases, wait_seconds=wait_seconds, say=say) if cases else []
    for one in _unjustified(store):
        remove_unjustified(store, bytes.fromhex(one["subject"].removeprefix("s_")), wait_seconds=wait_seconds)
    outcomes += complete_holds(store, wait_seconds=wait_seconds)
    sweep(store)
    drop_ended(store)
    with store.lock() as locked:
        locked.keys.set_number(RAN, now)
    return outcomes


def complete_holds(store: Store, *, wait_seconds: float = 10) -> list[Outcome]:
    """Erase what holds kept and keep no longer; the requests that waited for it are completed."""
    with store.keyring.database.reading() as rows:
        waiting = rows.cases_keeping(EVIDENCE)
    outcomes = complete_held(store, wait_seconds=wait_seconds)
    for case in waiting:
        settle(store, case)
    return outcomes


def overdue(store: Store) -> dict[str, int]:
    """For a metric: keys whose time is over and that are still there, and seconds since retention was applied."""
    month = month_of(day_of(store.clock()))
    with store.keyring.database.reading() as rows:
        ran = rows.number(RAN)
        late = sum(keys for klass, epoch, keys in rows.epochs() if _is_over(store, klass, epoch, month))
    return {"keys": late, "seconds_since_run": (store.clock() - ran) // 1_000_000 if ran else -1}


def explain(store: Store, identifier: str) -> list[dict[str, Any]]:
    """Which rule would decide over each class and epoch of a person, were he erased now. Raises NotFound."""
    require(store, "retention")
    who = component(store, find(store, identifier))
    now = store.clock()
    lost = unjustified(store.policy, standing_of(store, who.root))
    with store.keyring.database.reading() as rows:
        held = [hold for some in holds_on(store, rows, who.ids, now).values() for hold in some]
    answers = []
    for klass, epoch in sorted({(row.klass, row.epoch) for row in who.keys}):
        rulings: list[Ruling] = [
            ruling(
                store.policy, klass, epoch, month=month_of(day_of(now)), holds=held, is_erased=erased, unjustified=lost
            )
            for erased in (False, True)
        ]
        answers.append(
            {"class": klass, "epoch": month_text(epoch), "now": rulings[0]._asdict(), "erased": rulings[1]._asdict()}
        )
    return answers


def month_text(month: int) -> str | None:
    """An epoch as YYYY-MM; None for the one without an end."""
    return f"{1970 + month // 12:04d}-{month % 12 + 1:02d}" if month else None


def month_from(text: str) -> int:
    """The epoch of YYYY-MM. Raises ValueError."""
    year, _, month = text.partition("-")
    if not (len(year) == 4 and len(month) == 2 and 1 <= int(month) <= 12):
        raise ValueError("YYYY-MM")
    return (int(year) - 1970) * 12 + int(month) - 1


def _ends(store: Store, klass: str, epoch: int) -> int | None:
    """The first month in which the class's epoch is due; None for one without an end, or of a class that is gone."""
    rule = store.policy.rules.classes.get(klass)
    if rule is None or not rule.months or not epoch or klass in (IDENTITY, PROFILE):
        return None
    return epoch + rule.months + 1


def _is_over(store: Store, klass: str, epoch: int, month: int) -> bool:
    ends = _ends(store, klass, epoch)
    return ends is not None and ends <= month


def _doomed(locked: Locked, store: Store, klass: str, epoch: int, now: Micros) -> list[KeyRow]:
    """Keys of the class and epoch that neither another removal has taken nor a hold or the law keeps.

    The evidence of an erased person is shut, and goes all the same.
    """
    rows = locked.keys.keys_in(klass, epoch)
    taken = locked.keys.taken([row.key_id for row in rows]) if klass != EVIDENCE else {}
    return [row for row in _free(locked.keys, store, rows, now) if row.key_id not in taken]


def _free(rows: KeyRows, store: Store, keys: Sequence[KeyRow], now: Micros) -> list[KeyRow]:
    """Those that nothing keeps: unlike an erasure, a hold on one subject keeps only that component's keys."""
    month, free = month_of(day_of(now)), []
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        held = _holds_by_member(store, rows, {row.subject for row in some}, now)
        free += [
            row
            for row in some
            if ruling(store.policy, row.klass, row.epoch, month=month, holds=held.get(row.subject, ())).rule
            == "retention"
        ]
    return free


def _holds_by_member(store: Store, rows: KeyRows, subjects: set[bytes], now: Micros) -> dict[bytes, list[Any]]:
    """Holds by subject: those on any member of its component."""
    roots = rows.roots(subjects)
    ends = {one: roots.get(one, one) for one in subjects}
    held: dict[bytes, list[Any]] = {}
    if not rows.any_hold():
        return held
    for root in set(ends.values()):
        found = holds_on(store, rows, rows.members(root), now)
        every = [hold for some in found.values() for hold in some]
        held.update({one: every for one, end in ends.items() if every and end == root})
    return held


def _place(rows: KeyRows, store: Store, klass: str, epoch: int, month: int) -> dict[str, Any]:
    keys = rows.keys_in(klass, epoch)
    free = _free(rows, store, keys, store.clock())
    return {
        "class": klass,
        "epoch": month_text(epoch),
        "due": month_text(_ends(store, klass, epoch) or month),
        "keys": len(free),
        "subjects": len({row.subject for row in free}),
        "kept": len(keys) - len(free),
    }


def _unjustified(store: Store) -> list[dict[str, Any]]:
    """Living subjects with keys of classes that no purpose justifies: consents withdrawn, a stricter policy."""
    found: list[dict[str, Any]] = []
    never = set(unjustified(store.policy, UNKNOWN))
    after: bytes | None = None
    seen: set[bytes] = set()
    while True:
        with store.keyring.database.reading() as rows:
            keys = rows.keys_after(after, limit=KEYS_AT_ONCE)
            if not keys:
                return sorted(found, key=lambda one: str(one["subject"]))
            after = keys[-1].key_id
            wanted = {row.subject for row in keys if row.klass == EVIDENCE or row.klass in never}
            roots = rows.roots(wanted)
            live = {
                one for one, row in rows.subjects({roots.get(one, one) for one in wanted}).items() if row.state == 0
            }
        for root in sorted(live - seen):
            seen.add(root)
            who = component(store, root)
            lost = set(unjustified(store.policy, standing_of(store, who.root)))
            classes = sorted({row.klass for row in who.keys if row.klass in lost})
            if classes:
                found.append({"subject": name_of(root), "classes": classes})
