"""A subject's standing: what he agreed to, took back, objected to or restricted, folded from his own events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

from domain.events import CONSENTED, WITHDREW, Event, Micros

OBJECTED: Final = "objection.raised/1"  # properties: purpose
RESTRICTED: Final = "restriction.set/1"  # no properties
LIFTED: Final = "restriction.lifted/1"  # no properties

SAID: Final = {CONSENTED: "given", WITHDREW: "withdrawn", OBJECTED: "objected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """By purpose, since when. Of one purpose only the last word counts: it is given, withdrawn or objected to."""

    given: Mapping[str, Micros] = field(default_factory=dict)
    withdrawn: Mapping[str, Micros] = field(default_factory=dict)
    objected: Mapping[str, Micros] = field(default_factory=dict)
    restricted: Micros | None = None  # GDPR Art. 18: kept, but not used


UNKNOWN: Final = Standing()


def standing(events: Iterable[Event]) -> Standing:
    """Of events in the order of `domain.events.Order`; those of other kinds change nothing."""
    return reduce(evolve, events, UNKNOWN)


def evolve(before: Standing, event: Event) -> Standing:
    """What holds after one more event; saying the same again keeps the earlier time."""
    if event.kind == RESTRICTED:
        return before if before.restricted is not None else replace(before, restricted=event.at)
    if event.kind == LIFTED:
        return replace(before, restricted=None)
    word = SAID.get(event.kind)
    if word is None:
        return before
    purpose = event.properties["purpose"]
    now = {name: _without(getattr(before, name), purpose) for name in SAID.values()}
    since = getattr(before, word).get(purpose, event.at)
    now[word] = {**now[word], purpose: since}
    return Standing(**now, restricted=before.restricted)


def _without(said: Mapping[str, Micros], purpose: str) -> dict[str, Micros]:
    return {name: since for name, since in said.items() if name != purpose}
