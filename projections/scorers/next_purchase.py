"""Will this subject purchase within 30 days? Logistic regression on binned receipts, fitted from integer cells.

A cut-off is closed once the last receipt of anybody lies 30 days or more after it: then its labels can change no more.
The last closed cut-off measures the metrics, by a fit on the cut-offs that were closed at that time; the final fit
takes all closed cut-offs, with the penalty chosen by the five folds of the earlier ones.
"""

import math
from collections.abc import Mapping

from domain.clock import day_of, first_day, month_of, rfc3339
from domain.events import Micros
from domain.meaning import FoldConfig
from projections.scorers.cutoffs import FEATURES, LAST, ROW, TENURE, WINDOW_DAYS, Bins, Rows, parts_of
from projections.scorers.model import Model, Score
from projections.state import State
from projections.statistic import Statistic

NAME = "next_purchase_30d"
VERSION = 1
LEAST_ROWS = 50

_Z95 = 1.959963984540054

Counts = dict[int, int]
"""Rows by code (`cutoffs.code_of`)."""


def fit(statistic: Statistic, config: FoldConfig) -> Model | None:  # noqa: ARG001  the shape of a scorer
    """The same statistic gives the same bits in one numeric environment; None for fewer than 50 rows or one label."""
    from projections.scorers import logistic  # brings numpy and scikit-learn: not for those who only read

    months = closed_months(statistic)
    counts = rows_between(statistic, months[0], months[-1]) if months else {}
    purchased = sum(count for code, count in counts.items() if parts_of(code)[2])
    total = sum(counts.values())
    if total < LEAST_ROWS or purchased in (0, total):
        return None
    earlier = [month for month in months if first_day(month) + WINDOW_DAYS <= first_day(months[-1])]
    training = rows_between(statistic, earlier[0], earlier[-1]) if earlier else {}
    inverse_penalty = logistic.choose_penalty(training or counts)
    metrics: dict[str, float] = {}
    if logistic.can_learn(training):
        trial = logistic.learn(training, inverse_penalty)
        metrics = logistic.evaluate(trial, rows_between(statistic, months[-1], months[-1]))
    weights = logistic.learn(counts, inverse_penalty)
    means = _means(weights.by_bin, counts)
    return Model(
        scorer=NAME,
        version=VERSION,
        cutoffs=[first_day(month) for month in months],
        held_out=first_day(months[-1]) if metrics else None,
        rows=total,
        baseline=weights.intercept + math.fsum(means),
        terms=[[weight - mean for weight in row] for row, mean in zip(weights.by_bin, means, strict=True)],
        # One subject has a row at every cut-off: count them as one, or the interval would claim too much.
        covariance=[[value * len(months) for value in row] for row in weights.covariance],
        inverse_penalty=inverse_penalty,
        base_rate=purchased / total,
        newcomers=_newcomers(counts),
        metrics=metrics,
        environment=logistic.environment(),
    )


def closed_months(statistic: Statistic) -> list[int]:
    """The months whose first day is a cut-off with rows and with labels that are final, ascending."""
    rows = [key[1] for key in statistic.cells if key[0] == ROW]
    days = [key[1] for key in statistic.cells if key[0] == LAST]
    if not rows or not days:
        return []
    first, last = int(min(rows)), month_of(int(max(days)))
    return [month for month in range(first, last + 1) if first_day(month) + WINDOW_DAYS <= int(max(days))]


def rows_between(statistic: Statistic, first: int, last: int) -> Counts:
    """Rows by code, summed over the cut-offs of months `first` to `last`: each change counts from its month on."""
    counts: Counts = {}
    for key, change in statistic.cells.items():
        if key[0] == ROW and int(key[1]) <= last:
            code = int(key[2])
            counts[code] = counts.get(code, 0) + change * (last - max(int(key[1]), first) + 1)
    return {code: count for code, count in sorted(counts.items()) if count}


def score(model: Model | None, state: State, at: Micros, config: FoldConfig) -> Score:  # noqa: ARG001  the shape of a scorer
    """As of the midnight after `at`, so that the day of `at` counts as the last day before a cut-off does."""
    day = day_of(at) + 1
    rows = Rows(state.ledger)
    if model is None or not rows.days or rows.days[0] >= day:
        return _prior(model, at)
    bins = rows.bins(day)
    reasons = [
        (f"{feature.name}={feature.bins[chosen]}", terms[chosen])
        for feature, terms, chosen in zip(FEATURES, model.terms, bins, strict=True)
    ]
    reasons.append(("baseline", model.baseline))
    log_odds = math.fsum(amount for _, amount in reasons)
    spread = _Z95 * math.sqrt(max(0.0, _variance(model, bins)))
    return Score(
        value=_probability(log_odds),
        low=_probability(log_odds - spread),
        high=_probability(log_odds + spread),
        basis="model",
        model_id=model.model_id,
        trained_through=model.trained_through,
        scored_at=rfc3339(at),
        reasons=reasons,
    )


def _prior(model: Model | None, at: Micros) -> Score:
    """The rate of newcomers; without a model every probability is as likely as any other, Beta(1, 1)."""
    total, purchased = model.newcomers if model else (0, 0)
    value = (purchased + 1) / (total + 2)
    low, high = _wilson(purchased, total) if total else (0.025, 0.975)
    return Score(
        value=value,
        low=min(low, value),
        high=max(high, value),
        basis="prior",
        model_id=model.model_id if model else None,
        trained_through=model.trained_through if model else None,
        scored_at=rfc3339(at),
        reasons=[("baseline", math.log(value / (1 - value)))],
    )


def _wilson(successes: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a rate (E. B. Wilson, 1927)."""
    rate, z2 = successes / total, _Z95 * _Z95
    centre = (rate + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(rate * (1 - rate) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return centre - half, centre + half


def _means(by_bin: list[list[float]], counts: Mapping[int, int]) -> list[float]:
    """The weight of the average row, by feature."""
    total = sum(counts.values())
    rows = [(parts_of(code)[1], count) for code, count in sorted(counts.items())]
    return [
        math.fsum(weights[bins[place]] * count for bins, count in rows) / total for place, weights in enumerate(by_bin)
    ]


def _newcomers(counts: Mapping[int, int]) -> tuple[int, int]:
    place = FEATURES.index(TENURE)
    young = [(parts_of(code)[2], count) for code, count in counts.items() if parts_of(code)[1][place] == 0]
    return sum(count for _, count in young), sum(count for label, count in young if label)


def _variance(model: Model, bins: Bins) -> float:
    """Of the log-odds, by the delta method: the sum of the covariances of the weights that this row has."""
    columns, start = [], 0
    for feature, chosen in zip(FEATURES, bins, strict=True):
        columns.append(start + chosen)
        start += len(feature.bins)
    columns.append(start)
    return math.fsum(model.covariance[row][column] for row in columns for column in columns)


def _probability(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)
