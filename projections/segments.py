"""Tiers of recency, frequency and money at fixed bounds, and since when a subject is in its tier."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from domain.clock import DAY, day_of, rfc3339
from domain.events import Micros
from domain.meaning import AMOUNT_SCALE, FoldConfig
from projections.activity import Activity

YEAR = 365

Tier = tuple[str, int, int, int]
"""(name, recency at most, purchases in 365 days at least, spend in 365 days at least, in whole currency units)."""


class _Past:
    """Sums up to any day: of one subject, in one currency."""

    __slots__ = ("active", "bought", "money")

    def __init__(self, activity: Activity, currency: str) -> None:
        self.active = sorted(set().union(*activity.types.values()))
        self.bought = _running(activity.purchases)
        self.money = _running(activity.spend.get(currency, {}))

    def recency(self, day: int) -> int | None:
        """Days since the last purchase, or since the last event of one who has purchased nothing; None before both."""
        for days in (self.bought[0], self.active):
            if place := bisect_right(days, day):
                return day - days[place - 1]
        return None


def view(activity: Activity, *, at: Micros, config: FoldConfig) -> dict[str, Any] | None:
    """The first tier whose bounds hold on the day of `at`, and the start of the day since which it has been the one."""
    past, today = _Past(activity, config.currency), day_of(at)
    name = _tier(past, today, config.segments)
    if name is None:
        return None
    since = today
    for turn in _turns(past, today, config.segments):
        if _tier(past, turn, config.segments) != name:
            break
        since = turn
    return {"name": name, "since": rfc3339(since * DAY)}


def was_in(activity: Activity, name: str, *, first: int, last: int, config: FoldConfig) -> bool:
    """Whether the subject was in a tier on any of these days, both included, as today's bounds and data tell."""
    past = _Past(activity, config.currency)
    days = {first, *(turn for turn in _turns(past, last, config.segments) if turn >= first)}
    return any(_tier(past, day, config.segments) == name for day in days)


def _tier(past: _Past, day: int, tiers: tuple[Tier, ...]) -> str | None:
    recency = past.recency(day)
    if recency is None:
        return None
    purchases, spend = _within_year(past.bought, day), _within_year(past.money, day)
    for name, recency_days, least_purchases, least_spend in tiers:
        if recency <= recency_days and purchases >= least_purchases and spend >= least_spend * AMOUNT_SCALE:
            return name
    return None


def _turns(past: _Past, today: int, tiers: tuple[Tier, ...]) -> list[int]:
    """The days on which a tier can change, newest first: something happens, is a year ago, or gets too long ago."""
    later = {0, YEAR} | {tier[1] + 1 for tier in tiers}
    return sorted({day + delay for day in past.active for delay in later if day + delay <= today}, reverse=True)


def _running(days: Mapping[int, int]) -> tuple[list[int], list[int]]:
    ordered = sorted(days)
    return ordered, list(accumulate((days[day] for day in ordered), initial=0))


def _within_year(sums: tuple[list[int], list[int]], day: int) -> int:
    days, totals = sums
    return totals[bisect_right(days, day)] - totals[bisect_right(days, day - YEAR)]
