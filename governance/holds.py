"""Legal holds: what of a person must not be destroyed, why, and until when. Its act names neither person nor text.

GDPR Art. 17(3)(b) and (e), Art. 18(2): what is held is restricted, and everything outside it goes. What a person wants
kept on a ground of `lattice.KEPT_FOR` stays as under a hold.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from domain.acts import HoldReleased, HoldSet, parse
from domain.clock import day_of, month_of
from domain.errors import BadInput, NotFound, Refused
from domain.events import CASE, HELD
from governance.consent import standing
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.keyrows import FENCED, LIVE, HoldRow, KeyRow, KeyRows
from governance.lattice import KEEPING, KEPT_FOR, Hold, Ruling, ruling
from governance.mirrored import keep
from governance.publishing import publish
from governance.roles import require
from governance.standing import evidence
from governance.store import Store, insert_acts
from governance.subjects import find, name_of
from governance.words import drop_hold

GROUNDS: Final = {
    "legal_claims": ("Establishment, exercise or defence of legal claims.", "提起、行使或抗辩法律主张。"),
    "legal_obligation": ("An obligation under the law.", "法定义务。"),
    "investigation": ("An investigation by an authority.", "主管机关的调查。"),
    "audit": ("An audit that the law requires.", "法定审计。"),
    "vital_interests": ("Vital interests of a person.", "自然人的重大利益。"),
}


class TooLate(Refused):
    """An erasure of this person has begun; a hold cannot stop what is fenced."""

    def __init__(self) -> None:
        super().__init__("the erasure has begun; a hold comes too late")


def set_hold(
    store: Store,
    identifier: str,
    *,
    ground: str,
    until: int,
    classes: Collection[str] = (),
    first: int = 0,
    last: int = 0,
) -> bytes:
    """Hold a person's data; returns the hold's id.

    `until` in microseconds; `first` and `last` are epochs (months since 1970-01), 0 and 0 every one.
    Raises NotFound, TooLate for one who is fenced, and BadInput for a code, class or time that cannot be.
    """
    require(store, "hold")
    _check(store, ground, until, classes, first, last)
    try:
        root = find(store, identifier)
    except NotFound:
        _record_too_late(store, identifier, ground)
        raise
    hold = store.random(16)
    record(store, [Fact(root, EVIDENCE, HELD, {"hold": hold.hex(), "ground": ground})])
    act = HoldSet(hold=hold.hex(), classes=sorted(classes), first=first, last=last, ground=ground, until=until)
    with store.lock() as locked:
        rows, head = locked.keys, locked.log.head()
        if rows.subjects([root])[root].state != LIVE:
            raise TooLate
        insert_acts(store, locked, [("hold_set", act)])  # First: it drops what a crashed append left behind.
        rows.add_hold(HoldRow(hold, root, head.size))
        rows.set_number("born", head.size)
    publish(store.log, store.mirror)
    keep(store.mirror, store.log.contents([head.size]))
    return hold


def release(store: Store, hold: bytes, *, cause: str = "released") -> bytes:
    """End a hold; returns the subject that it concerned. Raises NotFound. What was kept is completed by the caller."""
    with store.lock() as locked:
        found = locked.keys.holds([hold])
        if not found:
            raise NotFound
        locked.keys.drop_holds([hold])
        at = insert_acts(store, locked, [("hold_released", HoldReleased(hold=hold.hex(), cause=cause))])
    publish(store.log, store.mirror)
    keep(store.mirror, store.log.contents([at]))
    drop_hold(store, found[0].subject, hold.hex())
    return found[0].subject


def holds_on(store: Store, rows: KeyRows, subjects: Collection[bytes], now: int) -> dict[bytes, list[Hold]]:
    """The holds in force by subject."""
    found: dict[bytes, list[Hold]] = {}
    said = _said(store) if (held := rows.holds_of(subjects)) else {}
    for row in held:
        hold = said.get(row.hold)
        if hold is not None and hold.until > now:
            found.setdefault(row.subject, []).append(hold)
    return found


def holds_over(store: Store, rows: KeyRows, subjects: Collection[bytes], now: int) -> dict[bytes, list[Hold]]:
    """By subject: the holds on anybody of its person, be it by merges or by the case that all of them went with."""
    if not rows.any_hold():
        return {}
    persons = _persons(rows, subjects)
    on = holds_on(store, rows, {member for whole in persons.values() for member in whole}, now)
    return {
        one: every
        for one, whole in persons.items()
        if (every := [hold for member in whole for hold in on.get(member, ())])
    }


def restrictions_on(store: Store, rows: KeyRows, subjects: Collection[bytes]) -> dict[bytes, str]:
    """By subject: the ground on which its person wants the data kept; of the others nothing."""
    roots = rows.roots(subjects)
    ends = {one: roots.get(one, one) for one in subjects}
    told = evidence(store, set(ends.values()), rows)
    grounds = {
        root: min(standing(fact.event for fact in facts).grounds & KEPT_FOR, default="") for root, facts in told.items()
    }
    return {one: ground for one, end in ends.items() if (ground := grounds[end])}


def kept_back(
    store: Store, rows: KeyRows, keys: Sequence[KeyRow], now: int, *, asked: bool = True
) -> dict[bytes, Ruling]:
    """Of keys that are to go: those that something keeps, each with its ruling, by key id.

    A hold on one subject of a component is a hold on all of it. Where the person did not ask for it, a restriction
    keeps as well.
    """
    subjects = {row.subject for row in keys}
    held = holds_over(store, rows, subjects, now)
    restricted = {} if asked else restrictions_on(store, rows, subjects)
    month = month_of(day_of(now))
    ruled = {
        row.key_id: _ruled(store, row, month, held.get(row.subject, ()), restricted.get(row.subject, ""))
        for row in keys
    }
    return {key: one for key, one in ruled.items() if one.rule in KEEPING}


def list_holds(store: Store) -> list[dict[str, Any]]:
    """Every hold that was set and not released, and whom it concerns."""
    require(store, "hold")
    said = _said(store)
    with store.keyring.database.reading() as rows:
        held = {row.hold: row.subject for row in rows.holds(said)}
    now = store.clock()
    return [
        {
            "hold": one.hold.hex(), "subject": name_of(held[one.hold]), "classes": sorted(one.classes),
            "first": one.first, "last": one.last, "ground": one.ground, "until": one.until, "expired": one.until <= now,
        }
        for one in said.values() if one.hold in held
    ]  # fmt: skip


def said_of(store: Store, hold: bytes) -> Hold | None:
    """What the acts say of a hold; None for one that was released or never set."""
    return _said(store).get(hold)


def expired(store: Store, now: int) -> list[bytes]:
    """Holds whose time is over and that nobody released."""
    said = _said(store)
    with store.keyring.database.reading() as rows:
        return [row.hold for row in rows.holds(said) if said[row.hold].until <= now]


def _record_too_late(store: Store, identifier: str, ground: str) -> None:
    """Raises TooLate when an erasure of this person is under way; its case keeps that the hold was asked for."""
    with store.keyring.database.reading() as rows:
        found = rows.identifiers([store.blinder.blind(identifier)]).values()
        fenced = [row for row in rows.subjects({row.subject for row in found}).values() if row.state == FENCED]
    for row in fenced:
        if row.case_id is not None:
            record(store, [Fact(row.case_id, EVIDENCE, CASE, {"step": "hold_too_late", "ground": ground})])
        raise TooLate


def _said(store: Store) -> Mapping[bytes, Hold]:
    """What the acts say of the holds that are not released, in log order."""
    found: dict[bytes, Hold] = {}
    for entry in store.log.acts(["hold_released", "hold_set"]):
        act = parse(entry.act or "", entry.fields or "")
        if isinstance(act, HoldReleased):
            found.pop(bytes.fromhex(act.hold), None)
        elif isinstance(act, HoldSet):
            hold = bytes.fromhex(act.hold)
            found[hold] = Hold(hold, frozenset(act.classes), act.first, act.last, act.ground, act.until)
    return found


def _persons(rows: KeyRows, subjects: Collection[bytes]) -> dict[bytes, set[bytes]]:
    """By subject, everybody of its component: of the living by merges, of the erased by the case they went with."""
    roots = rows.roots(subjects)
    ends = {one: roots.get(one, one) for one in subjects}
    whole = {root: {root, *rows.members(root)} for root in set(ends.values())}
    cases = {one: (row.case_id or b"", row.state) for one, row in rows.subjects(subjects).items() if row.state != LIVE}
    gone = {place: {row.subject for row in rows.of_case(*place)} for place in set(cases.values())}
    return {one: whole[end] | (gone[cases[one]] if one in cases else set()) for one, end in ends.items()}


def _ruled(store: Store, row: KeyRow, month: int, holds: Sequence[Hold], restricted: str) -> Ruling:
    if row.klass not in store.policy.rules.classes:
        return Ruling("erasure")  # of a class that the policy no longer has
    return ruling(
        store.policy, row.klass, row.epoch, month=month, holds=holds, is_erased=not restricted, restricted=restricted
    )


def _check(store: Store, ground: str, until: int, classes: Collection[str], first: int, last: int) -> None:
    if ground not in GROUNDS:
        raise BadInput("hold", "ground", "one of " + ", ".join(GROUNDS))
    if until <= store.clock():
        raise BadInput("hold", "until", "a time in the future: a hold has an end")
    if any(one not in store.policy.rules.classes for one in classes):
        raise BadInput("hold", "class", "one of " + ", ".join(sorted(store.policy.rules.classes)))
    if bool(first) != bool(last) or first > last:
        raise BadInput("hold", "period", "two months, the first not after the last")
