"""Every scorer by the name under which a profile shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.events import Micros
from domain.meaning import FoldConfig
from projections.scorers import next_purchase
from projections.scorers.model import Model, Score
from projections.state import State
from projections.statistic import Statistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """How to learn from a statistic and to judge one state by it; both are pure."""

    version: int
    statistic: str
    fit: Callable[[Statistic, FoldConfig], Model | None]
    score: Callable[[Model | None, State, Micros, FoldConfig], Score]


SCORERS: Mapping[str, Scorer] = {
    next_purchase.NAME: Scorer(
        version=next_purchase.VERSION,
        statistic=next_purchase.NAME,
        fit=next_purchase.fit,
        score=next_purchase.score,
    ),
}
