"""What a subject is drawn to: weighted counts by category and event day."""

from collections.abc import Mapping
from typing import Any

from domain.clock import day_of
from domain.events import Micros
from domain.meaning import FoldConfig
from projections.series import Series
from projections.statistic import Cells, Statistic

SHOWN = 20
TAGS = 5
SUPPORT = 4
"""A tag needs at least the weight of one purchase, two carts or four views."""


def contribute(interests: Series) -> Cells:
    """Cells of one subject: weight and subjects by category, and the weight of all together."""
    weights = {category: sum(days.values()) for category, days in sorted(interests.items())}
    cells: Cells = {("subjects", category): 1 for category in weights}
    if weights:
        cells["weight",] = sum(weights.values())
    for category, weight in weights.items():
        cells["weight", category] = weight
    return cells


def view(interests: Series, *, at: Micros, config: FoldConfig, population: Statistic | None) -> dict[str, Any]:
    """Shares decayed by the half-life to the day of `at`, and what stands out against everybody."""
    today = day_of(at)
    counted = {
        category: seen
        for category, days in interests.items()
        if (seen := {day: count for day, count in days.items() if day <= today})
    }
    decayed = {
        category: sum(count * 0.5 ** ((today - day) / config.half_life_days) for day, count in sorted(days.items()))
        for category, days in sorted(counted.items())
    }
    total = sum(decayed.values())
    if not total:
        return {"shares": {}, "tags": []}
    shares = {category: weight / total for category, weight in decayed.items()}
    ranked = sorted(shares, key=lambda category: (-shares[category], category))[:SHOWN]
    return {
        "shares": {category: round(shares[category], 6) for category in ranked},
        "tags": _tags(shares, counted, population),
    }


def _tags(shares: Mapping[str, float], counted: Series, population: Statistic | None) -> list[str]:
    lifts = {
        category: _lift(shares[category], category, population)
        for category, days in counted.items()
        if sum(days.values()) >= SUPPORT
    }
    outstanding = [category for category, lift in lifts.items() if lift >= 1]
    return sorted(outstanding, key=lambda category: (-lifts[category], category))[:TAGS]


def _lift(share: float, category: str, population: Statistic | None) -> float:
    """Share here over share among everybody; 1 + share when nobody is known."""
    weight = population.cells.get(("weight", category), 0) if population else 0
    if not population or weight <= 0:
        return 1 + share
    return share * population.cells[("weight",)] / weight
