"""From a call to an event: whose clock counts, which class and epoch it falls under, what is refused."""

from collections.abc import Iterable
from typing import NamedTuple

from domain.calls import Call, Rejection
from domain.clock import SECOND, day_of, month_of
from domain.events import Event, Micros
from governance.policy import Policy

AHEAD = 300 * SECOND
"""An event may claim to be five minutes past its receipt; beyond that its clock is not believed."""

ALIAS = "alias/1"


class Clean(NamedTuple):
    """A call that may be stored, as the event it becomes."""

    call: Call
    event: Event
    klass: str
    epoch: int


def event_time(call: Call, received: Micros) -> Micros:
    """Skew-corrected: what the device's clock says, moved by how far it is off at sending."""
    original = call.original if call.original is not None else call.timestamp
    if original is None:
        return received
    at = original if call.sent is None else received - (call.sent - original)
    return at if at <= received + AHEAD else received


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
        for arrival, call in enumerate(calls):
            record, place = call.record, place + 1 if call.record == record else 0
            recorded = self._receipt(call, now)
            klass, months = self._class_of(call)
            month = month_of(recorded // 86_400_000_000)
            if recorded > now:
                bad.append(Rejection(call.record, "recorded", "future"))
            elif months and today - month > months:
                bad.append(Rejection(call.record, "recorded", "expired"))
            else:
                good.append(Clean(call, self._event(call, recorded, arrival, place), klass, month if months else 0))
        return good, bad

    def _receipt(self, call: Call, now: Micros) -> Micros:
        if not self._backfill:
            return now
        for declared in (call.recorded, call.timestamp, call.original):
            if declared is not None:
                return declared
        return now

    def _class_of(self, call: Call) -> tuple[str, int]:
        found = self._classes.get((call.kind, call.name))
        if found is None:
            klass = self._policy.class_for(call.kind, call.name)
            found = (klass, self._policy.months(klass))
            if len(self._classes) < 10_000:
                self._classes[call.kind, call.name] = found
        return found

    def _event(self, call: Call, recorded: Micros, arrival: int, place: int) -> Event:
        return Event(
            call.kind,
            call.name,
            event_time(call, recorded),
            recorded,
            arrival,
            self._source,
            call.message_id or f"{self._origin}:{call.record}.{place}",
            call.properties,
            call.context,
            call.original if call.original is not None else call.timestamp,
            call.sent,
            self._version,
        )
