"""The statistics that projections keep, and how a changed state's contributions get into them."""

from collections.abc import Callable, Iterable, Mapping

from domain.meaning import FoldConfig
from projections import interests
from projections.scorers import cutoffs
from projections.standing import counts
from projections.state import State
from projections.statistic import Cells, Statistic

INTERESTS = "interests"
NEXT_PURCHASE = "next_purchase_30d"

CONTRIBUTIONS: Mapping[str, Callable[[State, FoldConfig], Cells]] = {
    INTERESTS: lambda state, _: interests.contribute(state.interests),
    NEXT_PURCHASE: cutoffs.contribute,
}
"""By statistic. Pure functions of one state and the configuration: no clock, nobody else."""


def fresh() -> dict[str, Statistic]:
    """Every statistic, of nobody."""
    return {name: Statistic() for name in CONTRIBUTIONS}


def settle(states: Iterable[State], statistics: Mapping[str, Statistic], config: FoldConfig) -> set[str]:
    """Replace what the statistics hold of each state by what it contributes now. Returns the names of those changed."""
    changed: set[str] = set()
    for state in states:
        for name, contribute in CONTRIBUTIONS.items():
            new = contribute(state, config) if counts(state.standing, config.bases.get(name)) else {}
            old = state.contributed.get(name, {})
            if new != old:
                statistics[name].replace(old, new)
                if new:
                    state.contributed[name] = new
                else:
                    del state.contributed[name]
                changed.add(name)
    return changed


def withdraw(state: State, statistics: Mapping[str, Statistic]) -> set[str]:
    """Take all that the statistics hold of this state out of them. Returns the names of those changed."""
    changed = set(state.contributed)
    for name, cells in state.contributed.items():
        statistics[name].subtract(cells)
    state.contributed = {}
    return changed
