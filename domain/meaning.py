"""What an event type means to projections: given by the policy, applied when a fold reads an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

AMOUNT_SCALE = 10_000
"""Money is an integer of ten-thousandths of a currency unit wherever it is summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Which properties of an event type carry what. None: the type says nothing of the kind."""

    action: str  # view, cart, purchase, refund, review, search, visit
    item: str | None = None
    category: str | None = None
    amount: str | None = None
    price: str | None = None
    quantity: str | None = None
    currency: str | None = None
    text: str | None = None
    rating: str | None = None
    products: str | None = None  # a list of objects that carry item, category, price, quantity


class Basis(NamedTuple):
    """For which purpose a statistic counts people, and what that takes of each."""

    purpose: str
    needs_consent: bool
    objectable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldConfig:
    """Everything a fold depends on besides events: no clock, no population state."""

    meanings: Mapping[str, Meaning] = field(default_factory=dict)  # by event type (`events.type_of`)
    currency: str = "USD"  # of amounts that name none; windows of spend are in it
    fold_key: bytes = b""  # keyed cross-validation folds and statistic digests
    half_life_days: int = 90
    # Tiers by fixed policy bounds: (name, recency at most, purchases in 365 d at least, spend in 365 d at least)
    segments: tuple[tuple[str, int, int, int], ...] = ()
    bases: Mapping[str, Basis] = field(default_factory=dict)  # by statistic; of one without, everybody is counted
    # A fold's notes by shape of event; every configuration has its own.
    plans: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
