"""One subject's rows on the calendar grid of training cut-offs, as change points of an integer statistic.

A cut-off is the first day of a month. Before it lie the features, by day of receipt; the label is whether a purchase
was received in the 30 days that begin with it. A subject has a row at each cut-off after its first day, for ever; the
statistic holds only where a row changes, +1 and -1, so that the rows at a cut-off are the sum of all cells up to it.
"""

import hmac
from bisect import bisect_left
from itertools import accumulate

from msgspec import Struct

from domain.clock import first_day, month_of
from domain.meaning import AMOUNT_SCALE, FoldConfig
from projections import identity
from projections.ledger import Ledger
from projections.series import Days
from projections.state import State
from projections.statistic import Cells

WINDOW_DAYS = 30
FOLDS = 5
ROW, LAST = "row", "last"
"""Cells: (ROW, month, code) -> change in rows; (LAST, day) -> subjects whose last receipt was on that day."""


class Feature(Struct, frozen=True, gc=False):
    """A number cut into bins at fixed edges: a bin ends with its edge, one more lies beyond the last."""

    name: str
    edges: tuple[int, ...]
    bins: tuple[str, ...]


RECENCY = Feature("recency_days", (7, 30, 90, 180, 365), ("0-7", "8-30", "31-90", "91-180", "181-365", "366+", "never"))
PURCHASES = Feature("purchases_90d", (0, 1, 2, 5), ("0", "1", "2", "3-5", "6+"))
SPEND = Feature(
    "spend_90d",
    tuple(units * AMOUNT_SCALE for units in (0, 20, 50, 100, 500)),
    ("0", "0-20", "20-50", "50-100", "100-500", "500+"),
)
TENURE = Feature("tenure_days", (30, 90, 180, 365), ("0-30", "31-90", "91-180", "181-365", "366+"))
EVENTS = Feature("events_30d", (0, 2, 9, 29), ("0", "1-2", "3-9", "10-29", "30+"))
FEATURES = (RECENCY, PURCHASES, SPEND, TENURE, EVENTS)
"""Stored by place and bin: changing an edge is a new version of the scorer."""

_SIZES = tuple(len(feature.bins) for feature in FEATURES)
_STILL_DAYS = 366  # so long after the last receipt no bin changes any more: past the widest edge and every window

Bins = tuple[int, ...]
"""A bin for each of `FEATURES`."""


class Rows:
    """One ledger, ready to be asked for its bins and label at any day."""

    __slots__ = ("bought", "bought_sums", "days", "event_sums", "paid", "paid_sums")

    def __init__(self, ledger: Ledger) -> None:
        self.days, self.event_sums = _sums(ledger.events)
        self.bought, self.bought_sums = _sums(ledger.purchases)
        self.paid, self.paid_sums = _sums(ledger.spend)

    def bins(self, day: int) -> Bins:
        """The features of a subject at the start of `day`, from receipts on earlier days."""
        days, bought, paid = self.days, self.bought, self.paid
        purchases = bisect_left(bought, day)
        recent_purchases = self.bought_sums[purchases] - self.bought_sums[bisect_left(bought, day - 90)]
        recent_spend = self.paid_sums[bisect_left(paid, day)] - self.paid_sums[bisect_left(paid, day - 90)]
        recent_events = self.event_sums[bisect_left(days, day)] - self.event_sums[bisect_left(days, day - 30)]
        return (
            bisect_left(RECENCY.edges, day - bought[purchases - 1]) if purchases else len(RECENCY.edges) + 1,
            bisect_left(PURCHASES.edges, recent_purchases),
            bisect_left(SPEND.edges, recent_spend),
            bisect_left(TENURE.edges, day - days[0]),
            bisect_left(EVENTS.edges, recent_events),
        )

    def label(self, day: int) -> int:
        """1 when a purchase was received in the window that begins with `day`."""
        bought = self.bought
        return int(bisect_left(bought, day) < bisect_left(bought, day + WINDOW_DAYS))


def contribute(state: State, config: FoldConfig) -> Cells:
    """The change points of one subject and its last day; nothing for a subject without behaviour."""
    if not state.ledger.events:
        return {}
    rows = Rows(state.ledger)
    fold = fold_of(state, config.fold_key)
    last = rows.days[-1]
    cells: Cells = {(LAST, last): 1}
    before = None
    for month in _months(rows.days[0], last + _STILL_DAYS):
        day = first_day(month)
        code = code_of(fold, rows.bins(day), rows.label(day))
        if code != before:
            cells[ROW, month, code] = 1
            if before is not None:
                cells[ROW, month, before] = -1
            before = code
    return cells


def fold_of(state: State, fold_key: bytes) -> int:
    """The cross-validation fold: by HMAC-SHA256 of the earliest identifier, so that it survives a rebuild."""
    keyed = hmac.digest(fold_key, identity.earliest(state.identity).encode(), "sha256")
    return int.from_bytes(keyed, "big") % FOLDS


def code_of(fold: int, bins: Bins, label: int) -> int:
    """One number for a row, mixed radix: fold, bins, label."""
    code = fold
    for size, chosen in zip(_SIZES, bins, strict=True):
        code = code * size + chosen
    return code * 2 + label


def parts_of(code: int) -> tuple[int, Bins, int]:
    """The inverse of `code_of`."""
    code, label = divmod(code, 2)
    bins = []
    for feature in reversed(FEATURES):
        code, chosen = divmod(code, len(feature.bins))
        bins.append(chosen)
    return code, tuple(reversed(bins)), label


def _months(first: int, still: int) -> range:
    """Months that begin after `first`, up to the first that begins after `still`."""
    return range(month_of(first) + 1, month_of(still) + 2)


def _sums(numbers: Days) -> tuple[list[int], list[int]]:
    days = sorted(numbers)
    return days, list(accumulate([numbers[day] for day in days], initial=0))
