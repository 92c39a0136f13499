"""From a call to an event: whose clock counts, which class and epoch it falls under, what is refused."""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.calls import Call, Rejection
from domain.clock import DAY, SECOND, day_of, month_of, parse_rfc3339
from domain.events import IDENTIFY, Event, Micros
from domain.identifiers import is_trait
from governance.blind import folded
from governance.policy import Policy

AHEAD = 300 * SECOND
"""An event may claim to be five minutes past its receipt; beyond that its clock is not believed."""

ALIAS = "alias/1"
CLASSES_KEPT = 10_000
FIRST, LAST = parse_rfc3339("0001-01-02T00:00:00Z"), parse_rfc3339("9999-12-31T00:00:00Z")
"""Times lie between these: a day inside what a calendar can say, so that no time zone or rounding leaves it."""


class Clean(Struct, frozen=True, gc=False):
    """A call that may be stored, and the event it becomes or the identity fact that follows from it."""

    call: Call
    event: Event
    klass: str
    epoch: int


class Cleaner:
    """Applies one policy version to calls; classes and epochs are looked up once per kind and day."""

    def __init__(self, policy: Policy, *, version: int, source: str, origin: str = "", backfill: bool = False) -> None:
        self._policy = policy
        self._version = version
        self._source = source
        self._origin = origin  # derives message ids for records that have none
        self._backfill = backfill
        self._classes: dict[tuple[str, str], tuple[str, int]] = {}

    def clean(self, calls: Iterable[Call], now: Micros) -> tuple[list[Clean], list[Rejection]]:
        """Events in order of arrival, and why the others are refused."""
        good: list[Clean] = []
        bad: list[Rejection] = []
        today = month_of(day_of(now))
        record = place = 0
        recorded, month, classes = now, today, self._classes
        for arrival, given in enumerate(calls):
            record, place = given.record, place + 1 if given.record == record else 0
            call = given
            if given.kind == IDENTIFY or len(given.identifiers) > 1 or given.identifiers[0].startswith("email:"):
                call = self._named(given)
            if self._backfill:
                recorded = _declared(call, now)
                if not FIRST <= recorded < LAST:
                    bad.append(Rejection(call.record, "recorded", "bad_time"))
                    continue
                month = month_of(recorded // DAY)
            klass, months = classes.get((call.kind, call.name)) or self._class_of(call)
            event = self._event(call, recorded, arrival, place)
            if recorded > now:
                bad.append(Rejection(call.record, "recorded", "future"))
            elif months and today - month > months:
                bad.append(Rejection(call.record, "recorded", "expired"))
            elif event.at < FIRST or not FIRST <= (event.original or 0) < LAST or not FIRST <= (event.sent or 0) < LAST:
                bad.append(Rejection(call.record, "timestamp", "bad_time"))
            else:
                good.append(Clean(call, event, klass, month if months else 0))
        return good, bad

    def _named(self, call: Call) -> Call:
        """Traits that are weak identifiers find the person too: an officer is often given no more than an e-mail."""
        names = [folded(name) for name in call.identifiers]
        if call.kind == IDENTIFY:
            said = ((kind, call.properties.get(kind)) for kind in self._policy.identifiers.weak)
            names += [
                folded(f"{kind}:{value.strip()}")
                for kind, value in said
                if isinstance(value, str) and is_trait(kind, value)
            ]
        names = list(dict.fromkeys(names))
        return call if names == call.identifiers else replace(call, identifiers=names)

    def _class_of(self, call: Call) -> tuple[str, int]:
        klass = self._policy.class_for(call.kind, call.name)
        if len(self._classes) >= CLASSES_KEPT:  # event names are the clients' choice
            self._classes.clear()
        found = self._classes[call.kind, call.name] = (klass, self._policy.months(klass))
        return found

    def _event(self, call: Call, recorded: Micros, arrival: int, place: int) -> Event:
        # Skew-corrected: what the device's clock says, moved by how far it is off at sending.
        original = call.timestamp if call.original is None else call.original
        if original is None:
            at = recorded
        else:
            at = original if call.sent is None else recorded - (call.sent - original)
            if at > recorded + AHEAD:
                at = recorded
        return Event(
            call.kind,
            call.name,
            at,
            recorded,
            arrival,
            self._source,
            call.message_id or f"{self._origin}:{call.record}.{place}",
            call.properties,
            call.context,
            original,
            call.sent,
            self._version,
        )


def without(event: Event, names: Collection[str]) -> Event:
    """The event less the properties and traits that repeat one of these identifiers."""
    context, traits = event.context, event.context.get("traits")
    if isinstance(traits, dict):
        context = {**context, "traits": _unnamed(traits, names)}
    return replace(event, properties=_unnamed(event.properties, names), context=context)


def _unnamed(said: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {kind: value for kind, value in said.items() if folded(f"{kind}:{value}".strip()) not in names}


def _declared(call: Call, now: Micros) -> Micros:
    """The receipt time of a backfilled call: the one its mapping names, else its own time."""
    declared = call.timestamp if call.recorded is None else call.recorded
    if declared is None:
        declared = call.original
    return now if declared is None else declared
