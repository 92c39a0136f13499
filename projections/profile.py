"""A state as people and services read it, at a moment: windows, recency and decay are computed here, never stored."""

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from domain.clock import day_of, rfc3339
from domain.events import Micros
from domain.meaning import FoldConfig
from projections import attributes, identity, interests, segments, sequence
from projections.activity import NEVER, Activity
from projections.amounts import decimal_text
from projections.scorers.catalogue import SCORERS
from projections.scorers.model import Model
from projections.sequence import Step
from projections.series import Days, Series
from projections.state import State
from projections.statistic import Statistic

EVENT_WINDOWS = (7, 30, 90)
SPEND_WINDOWS = (30, 90, 365)
FREQUENCY_DAYS = 90
"""A window of n days is the day of `at` and the n - 1 before it."""


def view(
    state: State,
    *,
    at: Micros,
    config: FoldConfig,
    population: Statistic | None,
    models: Mapping[str, Model],
) -> dict[str, Any]:
    """The profile document's own part, ready for JSON. Events after the day of `at` do not count.

    `population` is the statistic of interests; `models` are the live ones by scorer.
    """
    return {
        "identifiers": identity.view(state.identity),
        "attributes": attributes.view(state.attributes),
        "activity": _activity(state.activity, state.sequence, at=at, config=config),
        "interests": interests.view(state.interests, at=at, config=config, population=population),
        "sequence": sequence.view(state.sequence, at),
        "scores": {
            name: msgspec.to_builtins(scorer.score(models.get(name), state, at, config))
            for name, scorer in SCORERS.items()
        },
    }


def _activity(activity: Activity, steps: list[Step], *, at: Micros, config: FoldConfig) -> dict[str, Any]:
    today = day_of(at)
    by_type = {type_: counted for type_, days in sorted(activity.types.items()) if (counted := _upto(days, today))}
    events = _together(by_type)
    purchases = _upto(activity.purchases, today)
    seen = [step[0] for step in steps if day_of(step[0]) <= today]
    paid: Series = {config.currency: {}} | {name: days for name, days in activity.spend.items() if any(days.values())}
    spend = {
        currency: {f"{width}d": decimal_text(_window(days, today, width)) for width in SPEND_WINDOWS}
        for currency, days in sorted(paid.items())
    }
    shown = {
        "events": sum(events.values()),
        "first_at": rfc3339(activity.first) if events and activity.first != NEVER else None,
        "last_at": rfc3339(max(seen)) if seen else None,
        "by_type": {type_: sum(days.values()) for type_, days in by_type.items()},
        "windows": {f"{days}d": _window(events, today, days) for days in EVENT_WINDOWS},
        "spend": spend[config.currency],
        "recency_days": today - max(purchases) if purchases else None,
        "frequency": _window(purchases, today, FREQUENCY_DAYS),
        "rhythm": _rhythm(events, activity.hours),
        "segment": segments.view(activity, at=at, config=config),
    }
    return shown | {"spend_by_currency": spend} if len(spend) > 1 else shown


def _rhythm(events: Days, hours: list[int]) -> dict[str, Any]:
    """When the subject tends to act (UTC; Monday is 0; the earliest of equals) and how many days apart."""
    if not events:
        return {}
    weekdays = [0] * 7
    for day, count in events.items():
        weekdays[(day + 3) % 7] += count  # 1970-01-01 was a Thursday
    days = sorted(events)
    gaps = [later - day for day, later in pairwise(days)]
    return {
        "hour_peak": hours.index(max(hours)),
        "weekday_peak": weekdays.index(max(weekdays)),
        "median_gap_days": median(gaps) if gaps else None,
    }


def _upto(days: Days, today: int) -> Days:
    return {day: count for day, count in days.items() if day <= today}


def _together(by_type: Mapping[str, Days]) -> Days:
    events: Days = {}
    for days in by_type.values():
        for day, count in days.items():
            events[day] = events.get(day, 0) + count
    return events


def _window(days: Mapping[int, int], today: int, width: int) -> int:
    return sum(count for day, count in days.items() if today - width < day <= today)
