"""What models learn from: counts by the day of receipt, the only time that never moves back."""

from typing import Any

from msgspec import Struct, field

from projections import series
from projections.series import Days


class Ledger(Struct, gc=False):
    """By receipt day. Spend is net, scaled, and in the configured currency only."""

    events: Days = field(default_factory=dict)
    purchases: Days = field(default_factory=dict)
    spend: Days = field(default_factory=dict)


def merge(into: Ledger, other: Ledger) -> None:
    """Sums day by day."""
    series.add_days(into.events, other.events)
    series.add_days(into.purchases, other.purchases)
    series.add_days(into.spend, other.spend)


def pack(ledger: Ledger) -> list[Any]:
    """Canonical."""
    return [series.pack_days(days) for days in (ledger.events, ledger.purchases, ledger.spend)]


def unpack(packed: list[Any]) -> Ledger:
    """The inverse of `pack`."""
    events, purchases, spend = packed
    return Ledger(series.unpack_days(events), series.unpack_days(purchases), series.unpack_days(spend))
