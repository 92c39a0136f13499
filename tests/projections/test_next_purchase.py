import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import DAY, first_day, month_of
from domain.errors import Damaged
from projections import population
from projections.scorers import logistic, next_purchase
from projections.scorers import model as models
from projections.scorers.cutoffs import FEATURES, WINDOW_DAYS
from projections.state import State, empty
from projections.statistic import Statistic
from projections.telling import tell
from tests.projections.fakes import CONFIG, body, bought, linked
from tests.projections.histories import FIRST_DAY

HEAVY, RARE = 8, 90


def shopper(person: int, every_days: int, until: int = 400) -> State:
    """Buys about every so many days from the first day on."""
    chance = random.Random(person)
    days = [day for day in range(until) if chance.random() * every_days < 1] or [0]
    state = empty()
    tell(state, body(linked(f"user_id:{person}", DAY), *(bought(FIRST_DAY + day, arrival=day) for day in days)), CONFIG)
    return state


def crowd(count: int = 120) -> Statistic:
    statistics = population.fresh()
    people = [shopper(person, HEAVY if person % 2 else RARE) for person in range(count)]
    population.settle(people, statistics, CONFIG)
    return statistics[population.NEXT_PURCHASE]


@pytest.fixture(scope="module")
def model() -> models.Model:
    fitted = next_purchase.fit(crowd(), CONFIG)
    assert fitted is not None
    return models.named(fitted, "m1", 41)


def log_odds(value: float) -> float:
    return math.log(value / (1 - value))


def test_a_model_tells_heavy_from_rare_buyers(model: models.Model) -> None:
    assert model.metrics["auc"] > 0.8
    assert model.metrics["log_loss"] < 0.6
    assert 0 < model.base_rate < 1
    assert model.metrics["ece"] < 0.15


def test_the_last_closed_cut_off_is_held_out_and_then_learned_from(model: models.Model) -> None:
    last_receipt = max(int(key[1]) for key in crowd().cells if key[0] == "last")

    assert model.held_out == model.cutoffs[-1]
    assert model.cutoffs[-1] + WINDOW_DAYS <= last_receipt < first_day(month_of(model.cutoffs[-1]) + 1) + WINDOW_DAYS
    assert model.metrics["rows"] == 120
    assert model.rows > 1000


def test_the_same_statistic_in_another_order_gives_the_same_bytes(model: models.Model) -> None:
    statistic = crowd()
    cells = list(statistic.cells.items())
    random.Random(1).shuffle(cells)

    again = next_purchase.fit(Statistic(dict(cells), statistic.subjects), CONFIG)

    assert again is not None
    assert models.encode(models.named(again, "m1", 41)) == models.encode(model)
    assert models.decode(models.encode(model)) == model


@settings(max_examples=50)
@given(person=st.integers(0, 999), every=st.integers(1, 200), day=st.integers(0, 800))
def test_the_reasons_of_a_score_sum_to_its_log_odds(person: int, every: int, day: int, model: models.Model) -> None:
    score = next_purchase.score(model, shopper(person, every), (FIRST_DAY + day) * DAY, CONFIG)

    assert math.isclose(sum(amount for _, amount in score.reasons), log_odds(score.value), abs_tol=1e-9)
    assert score.reasons[-1][0] == "baseline"
    assert 0 < score.low <= score.value <= score.high < 1


def test_terms_are_against_the_average_row(model: models.Model) -> None:
    counts = next_purchase.rows_between(crowd(), month_of(model.cutoffs[0]), month_of(model.cutoffs[-1]))

    for mean in next_purchase._means(model.terms, counts):
        assert abs(mean) < 1e-9


def test_a_score_names_its_bins_its_model_and_its_time(model: models.Model) -> None:
    state = empty()
    tell(state, body(bought(FIRST_DAY), bought(FIRST_DAY + 100)), CONFIG)

    score = next_purchase.score(model, state, (FIRST_DAY + 100) * DAY, CONFIG)

    assert [name for name, _ in score.reasons] == [
        "recency_days=0-7",
        "purchases_90d=1",
        "spend_90d=0-20",
        "tenure_days=91-180",
        "events_30d=1-2",
        "baseline",
    ]
    assert (score.basis, score.model_id, score.trained_through) == ("model", "m1", 41)
    assert score.scored_at == "2022-04-18T00:00:00Z"


def test_a_newcomer_is_scored_by_the_rate_of_newcomers(model: models.Model) -> None:
    later = empty()
    tell(later, body(bought(FIRST_DAY + 50)), CONFIG)
    total, purchased = model.newcomers

    for state in (empty(), later):
        score = next_purchase.score(model, state, FIRST_DAY * DAY, CONFIG)

        assert score.basis == "prior"
        assert score.value == (purchased + 1) / (total + 2)
        assert 0 <= score.low <= score.value <= score.high <= 1
        assert score.reasons == [("baseline", log_odds(score.value))]


def test_without_a_model_nothing_is_claimed() -> None:
    score = next_purchase.score(None, shopper(1, HEAVY), FIRST_DAY * DAY, CONFIG)

    assert (score.value, score.low, score.high) == (0.5, 0.025, 0.975)
    assert (score.basis, score.model_id, score.trained_through) == ("prior", None, None)


@pytest.mark.parametrize("people", [0, 1, 3])
def test_too_few_rows_give_no_model(people: int) -> None:
    assert next_purchase.fit(crowd(people), CONFIG) is None


def test_one_label_gives_no_model() -> None:
    statistics = population.fresh()
    people = []
    for person in range(80):
        state = empty()
        tell(state, body(bought(FIRST_DAY + person)), CONFIG)
        people.append(state)
    population.settle(people, statistics, CONFIG)

    assert next_purchase.fit(statistics[population.NEXT_PURCHASE], CONFIG) is None


def test_the_covariance_has_a_row_for_every_bin_and_one_for_the_intercept(model: models.Model) -> None:
    size = sum(len(feature.bins) for feature in FEATURES) + 1

    assert [len(row) for row in model.covariance] == [size] * size


def test_without_folds_to_leave_out_the_penalty_is_not_chosen_by_them() -> None:
    counts = next_purchase.rows_between(crowd(), *(2 * [next_purchase.closed_months(crowd())[-1]]))

    assert logistic.choose_penalty(counts) in logistic.INVERSE_PENALTIES
    assert logistic.choose_penalty(logistic._without_folds(counts)) == logistic.UNCHOSEN


@pytest.mark.parametrize("row", [b"", b"\x80", b"\xc1"])
def test_what_is_no_model_is_damaged(row: bytes) -> None:
    with pytest.raises(Damaged):
        models.decode(row)


def test_reading_and_folding_load_no_numeric_library() -> None:
    code = (
        "import sys, projections.runner, projections.profile, projections.scorers.logistic;"
        "sys.exit(bool({'numpy', 'scipy', 'sklearn', 'pandas'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
