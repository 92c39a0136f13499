"""How often and when a subject acts, by event time: counts, purchases, spend, hours."""

from typing import Any

from msgspec import Struct, field

from domain.events import Micros
from projections import series
from projections.series import Days, Series

NEVER = 1 << 62


class Activity(Struct, gc=False):
    """Sums that add in any order. Weekdays follow from days, the last moment from the sequence."""

    first: Micros = NEVER
    hours: list[int] = field(default_factory=lambda: [0] * 24)  # events by hour of day, UTC
    types: Series = field(default_factory=dict)  # type -> event day -> events
    purchases: Days = field(default_factory=dict)
    spend: Series = field(default_factory=dict)  # currency -> event day -> scaled amount, net of refunds


def merge(into: Activity, other: Activity) -> None:
    """Sums both sides."""
    into.first = min(into.first, other.first)
    into.hours = [a + b for a, b in zip(into.hours, other.hours, strict=True)]
    series.add(into.types, other.types)
    series.add_days(into.purchases, other.purchases)
    series.add(into.spend, other.spend)


def pack(activity: Activity, index: dict[str, int]) -> list[Any]:
    """Canonical; `index` numbers the row's texts. An activity without events is an empty list."""
    if not activity.types:
        return []
    return [
        activity.first,
        activity.hours,
        series.pack(activity.types, index),
        series.pack_days(activity.purchases),
        series.pack(activity.spend, index),
    ]


def unpack(packed: list[Any], texts: list[str]) -> Activity:
    """The inverse of `pack`."""
    if not packed:
        return Activity()
    first, hours, types, purchases, spend = packed
    return Activity(
        first, hours, series.unpack(types, texts), series.unpack_days(purchases), series.unpack(spend, texts)
    )
