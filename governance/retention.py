"""Storage limitation: which keys' time is over, and their end. GDPR Art. 5(1)(e), PIPL Art. 19.

A class is kept for its months after the month of receipt; an epoch is one such month. What a hold, a legal duty or a
restriction keeps waits. After it a store equals one that only ever received what is left.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from domain.clock import day_of, month_of
from governance.erasure import complete_held
from governance.holds import holds_over, restrictions_on
from governance.keyring import EVIDENCE, IDENTITY, PROFILE
from governance.keyrows import KeyRow, KeyRows
from governance.lattice import Ruling, ruling
from governance.lost_basis import remove_unjustified, who_lost
from governance.publishing import publish
from governance.purposes import unjustified
from governance.recipients import settle_all
from governance.removals import Period, intend, unfinished
from governance.removing import Outcome, Say, carry_out
from governance.roles import require
from governance.standing import standing_of
from governance.store import Locked, Store, require_policy
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
        "unjustified": sorted(
            ({"subject": name_of(root), "classes": classes} for root, classes in who_lost(store)),
            key=lambda one: str(one["subject"]),
        ),
        "coming": sorted(coming, key=lambda one: (one["due"], one["class"])),
    }


def apply(store: Store, *, wait_seconds: float = 10, say: Say = lambda _: None) -> list[Outcome]:
    """Destroy what is due, release holds whose time is over, complete what they kept and what was interrupted.

    One outcome a case: the last, where one was tried again. Raises NotPermitted, and PolicyChanged before anything goes
    that a newer policy keeps.
    """
    require(store, "retention")
    now = store.clock()
    month = month_of(day_of(now))
    with store.keyring.database.reading() as rows:
        over = [(klass, epoch) for klass, epoch, _ in rows.epochs() if _is_over(store, klass, epoch, month)]
    cases = unfinished(store)
    for klass, epoch in over:
        with store.lock() as locked:
            require_policy(store, locked.keys)  # an older one may have kept less
            doomed = _doomed(locked, store, klass, epoch)
            if doomed:
                cases.append(store.random(16))
                intend(store, locked, cases[-1], doomed, period=Period(klass, epoch))
    publish(store.log, store.mirror)
    outcomes = carry_out(store, cases, wait_seconds=wait_seconds, say=say) if cases else []
    for root, _ in list(who_lost(store)):
        outcomes += remove_unjustified(store, root, wait_seconds=wait_seconds).outcomes
    outcomes += complete_holds(store, wait_seconds=wait_seconds)
    sweep(store)
    drop_ended(store)
    with store.lock() as locked:
        locked.keys.set_number(RAN, now)
    return list({one.case: one for one in outcomes}.values())


def complete_holds(store: Store, *, wait_seconds: float = 10) -> list[Outcome]:
    """Erase what holds kept and keep no longer; the requests that waited for it are completed."""
    outcomes = complete_held(store, wait_seconds=wait_seconds)
    settle_all(store)
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
        held = holds_over(store, rows, [who.root], now).get(who.root, [])
        restricted = restrictions_on(store, rows, [who.root]).get(who.root, "")
        keys = rows.keys_of(who.ids, taken=True)  # with what is shut already
    answers = []
    for klass, epoch in sorted({(row.klass, row.epoch) for row in keys}):
        rulings: list[Ruling] = [
            ruling(
                store.policy, klass, epoch, month=month_of(day_of(now)), holds=held, is_erased=erased,
                restricted="" if erased else restricted, unjustified=lost,
            )
            for erased in (False, True)
        ]  # fmt: skip
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


def _doomed(locked: Locked, store: Store, klass: str, epoch: int) -> list[KeyRow]:
    """Keys of the class and epoch that neither another removal has taken nor anything keeps.

    The evidence of an erased person is shut, and goes all the same.
    """
    rows = locked.keys.keys_in(klass, epoch)
    taken = locked.keys.taken([row.key_id for row in rows]) if klass != EVIDENCE else {}
    free = [row for row, one in _ruled(locked.keys, store, rows) if one.rule == "retention"]
    return [row for row in free if row.key_id not in taken]


def _ruled(rows: KeyRows, store: Store, keys: Sequence[KeyRow]) -> Iterator[tuple[KeyRow, Ruling]]:
    """Each with the rule that decides over it now: a hold, or a restriction, on one subject keeps its component."""
    now = store.clock()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        subjects = {row.subject for row in some}
        held, restricted = holds_over(store, rows, subjects, now), restrictions_on(store, rows, subjects)
        for row in some:
            yield row, ruling(
                store.policy, row.klass, row.epoch, month=month_of(day_of(now)), holds=held.get(row.subject, ()),
                restricted=restricted.get(row.subject, ""),
            )  # fmt: skip


def _place(rows: KeyRows, store: Store, klass: str, epoch: int, month: int) -> dict[str, Any]:
    keys = rows.keys_in(klass, epoch)
    ruled = list(_ruled(rows, store, keys))
    free = [row for row, one in ruled if one.rule == "retention"]
    return {
        "class": klass,
        "epoch": month_text(epoch),
        "due": month_text(_ends(store, klass, epoch) or month),
        "keys": len(free),
        "subjects": len({row.subject for row in free}),
        "kept": len(keys) - len(free),
        "kept_by": dict(sorted(Counter(one.rule for _, one in ruled if one.rule != "retention").items())),
    }
