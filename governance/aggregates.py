"""Counts of people, for purposes that see aggregates only: small cells hidden, and steps too coarse for one person.

What is shown of a cell is a multiple of k and differs from the true count by at most k + hysteresis; it changes only
after more than `hysteresis` people, net, came into the cell or left it since it took its value, and a month's counts
are computed once. So no erasure by itself changes what is shown, before or after. It is no differential privacy: who
knows everybody else's data, and waits for a change, can learn that somebody came or went at that edge; where the edges
are is secret (a dither by cell, under a key of the store).
"""

import hmac
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from domain.clock import DAY, day_name, day_of, first_day, month_of
from domain.errors import BadInput, MovedOn, NoBasis, Refused
from domain.events import CASE, Micros
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.policy import PurposeRule
from governance.projecting import catch_up_to_head, serving
from governance.pseudonyms import PAIRWISE
from governance.purposes import basis_for
from governance.roles import require
from governance.sealing import hkdf
from governance.standing import standings
from governance.store import Locked, Store
from governance.subjects import component, own_entries
from projections import interests, segments
from projections import state as states
from projections.attributes import view as attributes_of
from projections.state import State

RELEASES: Final = sha256(b"lethe/aggregates/1").digest()[:16]
"""The stream of releases: of nobody."""

EVERYBODY: Final = ""
CELL_CHARACTERS: Final = 100

Cell = Callable[[State, Micros], str | None]


class NotForAggregates(Refused):
    """The purpose sees profiles, or nothing: counts are for purposes of aggregates only."""

    def __init__(self) -> None:
        super().__init__("counts are for a purpose that the policy declares as aggregates_only")


def release(store: Store, by: str, *, purpose: str) -> dict[str, Any]:
    """This month's counts by `segment`, `interest` (the strongest) or `attribute:NAME`, as they were first computed.

    Of people who objected to the purpose, or are restricted, none is counted. Raises NotPermitted, NotForAggregates,
    and BadInput for another `by`.
    """
    require(store, "statistics")
    rule = store.policy.purpose(purpose)
    if not rule.aggregates_only:
        raise NotForAggregates
    cell, month = _cell(store, by), month_of(day_of(store.clock()))
    wanted = {"by": by, "purpose": purpose, "month": month}
    if (found := _first(store, wanted)) is None:
        counts = _counts(store, cell, rule, first_day(month) * DAY)
        _record(store, wanted | {"cells": _cells(store, wanted, counts)})
        found = _first(store, wanted)
    assert found is not None
    cells = dict(found["cells"])
    names = {segment.name for segment in store.policy.rules.segments} if by == "segment" else {"*"}
    return {
        "by": by,
        "purpose": purpose,
        "period": day_name(first_day(month))[:7],
        "k": found["k"],
        "hysteresis": found["hysteresis"],
        "people": cells.pop(EVERYBODY, None),
        "cells": dict(sorted(cells.items())),
        "suppressed": sorted(names - cells.keys()),
    }


def shown(count: int, before: int | None, *, k: int, hysteresis: int, dither: int) -> int | None:
    """What is shown of a cell that showed `before`; None hides it. Never of fewer than k people.

    `dither` in 0..k-1 moves the edges of the cell's bands, the same in every period: a new one each time would cancel
    out over time.
    """
    level = count + dither
    least = -(-(k + hysteresis + dither) // k) * k  # at `least - hysteresis` there still are k people
    if before is None:
        return level // k * k if level >= least + hysteresis else None
    if before - hysteresis <= level < before + k + hysteresis:
        return before
    return band if (band := level // k * k) >= least else None


def _cells(store: Store, wanted: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    rules = store.policy.rules.aggregates
    earlier = [said for said in _releases(store) if said["by"] == wanted["by"] and said["purpose"] == wanted["purpose"]]
    before = max(earlier, key=lambda said: said["month"], default={})
    is_alike = (before.get("k"), before.get("hysteresis")) == (rules.k, rules.hysteresis)
    known = before.get("cells", {}) if is_alike else {}
    dither = _dither(store, str(wanted["by"]), rules.k)
    found = {
        name: shown(counts.get(name, 0), known.get(name), k=rules.k, hysteresis=rules.hysteresis, dither=dither(name))
        for name in counts.keys() | known.keys()
    }
    return {name: value for name, value in sorted(found.items()) if value is not None}


def _counts(store: Store, cell: Cell, rule: PurposeRule, at: Micros) -> Counter[str]:
    catch_up_to_head(store)
    read, after = serving(store).scan(), b""
    counts: Counter[str] = Counter()
    while rows := read(after):
        after = rows[-1][0]
        people = {one: state for one, row in rows if row and not (state := states.decode(row)).into}
        for one in _countable(store, rule, people):
            state = people[one]
            for hidden in rule.untold:
                state.interests.pop(hidden, None)
            for hidden in rule.unnamed:
                state.attributes.pop(hidden, None)
            name = cell(state, at)
            counts.update([EVERYBODY] if not name else [EVERYBODY, name[:CELL_CHARACTERS]])
    return counts


def _countable(store: Store, rule: PurposeRule, people: Collection[bytes]) -> list[bytes]:
    found = []
    for one, said in standings(store, people).items():
        try:
            basis_for(replace(rule, aggregates_only=False), said)
        except NoBasis:
            continue
        found.append(one)
    return found


def _cell(store: Store, by: str) -> Cell:
    kind, colon, name = by.partition(":")
    if kind == "segment" and not colon:
        return lambda state, at: (segments.view(state.activity, at=at, config=store.fold) or {}).get("name")
    if kind == "interest" and not colon:
        return lambda state, at: _strongest(state, at, store)
    if kind == "attribute" and name:
        return lambda state, _: _said(state, name)
    raise BadInput("aggregates", "by", "segment, interest, or attribute:NAME")


def _strongest(state: State, at: Micros, store: Store) -> str | None:
    shares = interests.view(state.interests, at=at, config=store.fold, population=None)["shares"]
    return next(iter(shares), None)


def _said(state: State, name: str) -> str | None:
    value = attributes_of(state.attributes).get(name, {}).get("value")
    return str(value).strip() if isinstance(value, str | int) else None


def _dither(store: Store, by: str, k: int) -> Callable[[str], int]:
    with store.keyring.database.reading() as rows:
        key = hkdf(store.keyring.secret(rows, PAIRWISE), b"dither/1/" + by.encode())
    return lambda name: int.from_bytes(hmac.digest(key, name.encode(), "sha256")[:8], "big") % k


def _record(store: Store, said: Mapping[str, Any]) -> None:
    rules = store.policy.rules.aggregates
    told = {"step": "released", "k": rules.k, "hysteresis": rules.hysteresis, **said}
    facts = [Fact(RELEASES, EVIDENCE, CASE, told)]
    if not record(store, facts):
        return

    def unopened(locked: Locked) -> None:
        if locked.keys.subjects([RELEASES]):
            raise MovedOn("another process opened the releases")

    try:
        record(store, facts, opened=[RELEASES], under_lock=unopened)
    except MovedOn:
        record(store, facts)


def _first(store: Store, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first that was recorded: of two processes that count at once one decides."""
    return next((said for said in _releases(store) if wanted.items() <= said.items()), None)


def _releases(store: Store) -> list[dict[str, Any]]:
    bodies = own_entries(store, component(store, RELEASES), classes={EVIDENCE}).bodies
    return [event.properties for *_, body in bodies for event in body.events if event.kind == CASE]
