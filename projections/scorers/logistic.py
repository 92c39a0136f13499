"""Logistic regression on weighted cells of bins: deterministic, one thread, by scikit-learn."""

from __future__ import annotations  # types of numpy are named, but it is loaded only by those who fit

import platform
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from projections.scorers.cutoffs import FEATURES, FOLDS, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Chosen = NDArray[np.bool_]

INVERSE_PENALTIES = (0.01, 0.1, 1.0, 10.0)
UNCHOSEN = 1.0  # where nothing can be left out to choose by: everybody in one fold, or one label in the rest
CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned; the covariance has a row for each bin of each feature, then one for the intercept."""

    by_bin: list[list[float]]
    intercept: float
    covariance: list[list[float]]


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells as arrays, one row each: one-hot bins, label, number of rows, fold."""

    bins: Floats
    label: Integers
    weight: Floats
    fold: Integers


def can_learn(counts: Mapping[int, int]) -> bool:
    """Whether both labels occur."""
    return {parts_of(code)[2] for code in counts} == {0, 1}


def learn(counts: Mapping[int, int], inverse_penalty: float) -> Weights:
    """Fit with an L2 penalty on all weights but the intercept. `counts` must hold both labels."""
    with _one_thread():
        table = _table(_without_folds(counts))
        weights = _fit(table, inverse_penalty)
        by_bin, start = [], 0
        for feature in FEATURES:
            by_bin.append([float(weight) for weight in weights[start : start + len(feature.bins)]])
            start += len(feature.bins)
        covariance = _covariance(table, weights, inverse_penalty)
        return Weights(by_bin, float(weights[-1]), [[float(value) for value in row] for row in covariance])


def choose_penalty(counts: Mapping[int, int]) -> float:
    """The inverse penalty with the least log loss over the five folds; of equals the strongest penalty."""
    with _one_thread():
        table = _table(counts)
        losses = [(_cross_validated_loss(table, candidate), candidate) for candidate in INVERSE_PENALTIES]
        loss, best = min(losses)
        return best if loss > 0 else UNCHOSEN


def evaluate(weights: Weights, counts: Mapping[int, int]) -> dict[str, float]:
    """On rows that the weights have not seen: log loss, base rate, calibration error, and AUC where it is defined."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    table = _table(_without_folds(counts))
    if not table.weight.size:
        return {}
    flat = np.array([weight for row in weights.by_bin for weight in row] + [weights.intercept])
    chance = _chances(table.bins, flat)
    found = {
        "rows": float(table.weight.sum()),
        "base_rate": float(np.average(table.label, weights=table.weight)),
        "log_loss": float(_loss(chance, table.label, table.weight) / table.weight.sum()),
        "ece": _calibration_error(chance, table),
    }
    if can_learn(counts):
        found["auc"] = float(roc_auc_score(table.label, chance, sample_weight=table.weight))
    return found


def environment() -> dict[str, str]:
    """What the bits of a fit depend on besides its input."""
    import numpy as np
    import scipy
    import sklearn

    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
    return versions | {"machine": platform.machine()}


def _one_thread() -> AbstractContextManager[object]:
    """Sums come in another order on more threads, and floats with them."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def _without_folds(counts: Mapping[int, int]) -> dict[int, int]:
    """Fold 0 stands for all: one row for each (bins, label)."""
    a_fold = 2
    for feature in FEATURES:
        a_fold *= len(feature.bins)
    together: dict[int, int] = {}
    for code, count in counts.items():
        together[code % a_fold] = together.get(code % a_fold, 0) + count
    return together


def _table(counts: Mapping[int, int]) -> _Table:
    import numpy as np

    codes = sorted(counts)
    parts = [parts_of(code) for code in codes]
    starts = np.cumsum([0] + [len(feature.bins) for feature in FEATURES])
    bins = np.zeros((len(codes), int(starts[-1])))
    for row, (_, chosen, _) in enumerate(parts):
        bins[row, starts[:-1] + np.array(chosen)] = 1.0
    return _Table(
        bins,
        np.array([label for _, _, label in parts], dtype=np.int64),
        np.array([counts[code] for code in codes], dtype=np.float64),
        np.array([fold for fold, _, _ in parts], dtype=np.int64),
    )


def _fit(table: _Table, inverse_penalty: float) -> Floats:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    # Newton's method: a handful of exact steps on a table of few columns, with no randomness and no early stop.
    learner = LogisticRegression(C=inverse_penalty, solver="newton-cholesky", tol=1e-8, max_iter=200)
    learner.fit(table.bins, table.label, sample_weight=table.weight)
    return np.append(learner.coef_[0], learner.intercept_[0])


def _chances(bins: Floats, weights: Floats) -> Floats:
    import numpy as np

    chances: Floats = 1.0 / (1.0 + np.exp(-(bins @ weights[:-1] + weights[-1])))
    return chances


def _loss(chance: Floats, label: Integers, weight: Floats) -> float:
    import numpy as np

    right = np.clip(np.where(label == 1, chance, 1.0 - chance), 1e-15, 1.0)
    return float(-(weight * np.log(right)).sum())


def _cross_validated_loss(table: _Table, inverse_penalty: float) -> float:
    total = 0.0
    for fold in range(FOLDS):
        inside, outside = table.fold != fold, table.fold == fold
        if not outside.any() or len(set(table.label[inside].tolist())) < 2:
            continue
        weights = _fit(_rows(table, inside), inverse_penalty)
        total += _loss(_chances(table.bins[outside], weights), table.label[outside], table.weight[outside])
    return total


def _rows(table: _Table, chosen: Chosen) -> _Table:
    return _Table(table.bins[chosen], table.label[chosen], table.weight[chosen], table.fold[chosen])


def _covariance(table: _Table, weights: Floats, inverse_penalty: float) -> Floats:
    """The inverse of the penalised log-likelihood's curvature at its maximum."""
    import numpy as np

    chance = _chances(table.bins, weights)
    design = np.hstack([table.bins, np.ones((len(table.bins), 1))])
    curvature = design.T @ (design * (table.weight * chance * (1.0 - chance))[:, None])
    penalty = np.full(len(weights), 1.0 / inverse_penalty)
    penalty[-1] = 0.0
    inverse: Floats = np.linalg.inv(curvature + np.diag(penalty)).astype(np.float64)
    return inverse


def _calibration_error(chance: Floats, table: _Table) -> float:
    """Expected calibration error over ten bins of equal width, weighted by rows."""
    import numpy as np

    place = np.minimum((chance * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(place, weights=table.weight * (chance - table.label), minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / table.weight.sum())
