"""What a store does by itself: on record, by one process at a time, taken over from one that died."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import DAY, SECOND
from governance import casebook, duties
from governance.actors import grant
from governance.callbacks import Callback
from governance.caller import Caller
from governance.casebook import NoSuchRequest
from governance.duties import DUTIES, run_due, statuses
from governance.duties_done import Means, resume_interrupted
from governance.erasure import begin, unfinished_cases
from governance.notifying import Answer
from governance.removals import REMOVING
from governance.request_runs import How, run
from governance.requests import Asking, approve, open_request, verify
from governance.roles import NotPermitted
from governance.store import Store
from governance.subjects import find
from tests.conftest import NOW, call, make_store, take_in
from tests.journeys.conftest import ROOT, Lethe, view

HOLDER = """
import sys
from pathlib import Path
from adapters.wiring import open_store
from tests.conftest import settings_for
store = open_store(settings_for(sys.argv[1], Path(sys.argv[2])))
with store.storage.alone("duty-retention") as is_ours:
    print(is_ours, flush=True)
    sys.stdin.readline()
"""


def nobody(to: Callback, body: bytes, headers: Mapping[str, str]) -> Answer:
    return Answer(200)


def at(store: Store, moment: int) -> Store:
    return replace(store, clock=lambda: moment)


def outcomes(store: Store) -> dict[str, str]:
    return {one.duty.name: one.outcome for one in statuses(store)}


def test_every_duty_is_due_until_it_was_done_and_says_when_that_was(lethe: Lethe) -> None:
    """G4: what is not done shows as overdue; what `retention plan` says of the last run is the same."""
    lethe.json("init")
    before = lethe.json("duties")
    assert {one["outcome"] for one in before} == {"never"}
    tomorrow = lethe.without(LETHE_NOW="2026-11-25T12:00:00Z")
    assert {one["duty"] for one in tomorrow.json("duties") if one["overdue"]} == {one.name for one in DUTIES}

    done = tomorrow.json("duties", "run")

    assert [(one["duty"], one["outcome"]) for one in done["ran"]] == [(one.name, "done") for one in DUTIES]
    after = tomorrow.json("duties")
    assert {(one["outcome"], one["overdue"], one["last_run"]) for one in after} == {
        ("done", False, "2026-11-25T12:00:00Z")
    }
    assert tomorrow.json("duties", "run") == {"ran": []}, "nothing is due any more"
    assert tomorrow.json("retention", "plan")["last_run"] == NOW + 2 * DAY
    assert all(one["en"] and one["zh"] for one in after)
    assert tomorrow("duties", "walk").status == 2


def test_retention_by_hand_counts_as_done(lethe: Lethe) -> None:
    lethe.json("init")

    lethe.json("retention", "apply")

    [retention] = [one for one in lethe.json("duties") if one["duty"] == "retention"]
    assert (retention["last_run"], retention["outcome"], retention["overdue"]) == (
        "2026-11-23T12:00:00Z",
        "done",
        False,
    )


def test_what_is_due_goes_without_anybody_asking(lethe: Lethe) -> None:
    """G1, G4: old data, and what an expired hold kept from an erasure, which completes its request."""
    old = lethe.without(LETHE_NOW="2024-01-20T00:00:00Z")
    old.json("init")
    old.json("ingest", old.file("old.jsonl", view("1", "a")))
    lethe.json("ingest", lethe.file("new.jsonl", view("2", "b"), view("1", "c")))
    lethe.json("hold", "set", "user_id:2", "--ground", "audit", "--until", "2026-11-24T00:00:00Z")
    held = lethe("erase", "user_id:2", "--yes", "--json")
    assert (held.status, held.document["status"]) == (5, "held")
    assert [one["keys"] for one in lethe.json("retention", "plan")["due"]] == [1]

    later = lethe.without(LETHE_NOW="2026-11-25T12:00:00Z")
    done = later.json("duties", "run")

    assert {one["outcome"] for one in done["ran"]} == {"done"}
    assert later.json("retention", "plan")["due"] == []
    assert later.json("hold", "list") == []
    assert later.json("request", "show", held.document["request"])["state"] == "completed"
    assert later.json("rebuild", "--check")["differences"] == []
    assert later.json("audit", "verify")["findings"] == []


def test_an_interrupted_erasure_goes_on_and_its_request_is_completed(settings: Settings) -> None:
    """R4: nobody has to repeat the command."""
    store = make_store(settings)
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    case = bytes.fromhex(open_request(store, Asking(kind="erasure", identifier="user_id:1"))["request"])
    verify(store, case, method="officer")
    approve(store, case)

    def dies(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(store, case, How(say=dies))
    spot = begin(store, find(store, "user_id:2"))  # erased on the spot, and killed right after the fence
    assert set(unfinished_cases(store)) == {case, spot}

    with store.storage.together(REMOVING):
        assert resume_interrupted(Means(store, nobody, 1.0))
        assert set(unfinished_cases(store)) == {case, spot}, "whoever is at it is not disturbed"
    assert resume_interrupted(Means(store, nobody, 1.0))

    assert unfinished_cases(store) == []
    assert casebook.read(store, case).case.state == "completed"
    with pytest.raises(NoSuchRequest):
        casebook.read(store, spot)


@pytest.mark.slow
def test_a_duty_is_done_by_one_process_and_taken_over_from_one_that_died(settings: Settings, tmp_path: Path) -> None:
    store = make_store(settings)
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, settings.store, str(tmp_path)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert held.stdout is not None
    assert held.stdout.readline() == "True\n"

    assert "retention" not in {one.duty for one in run_due(store, nobody)}
    held.send_signal(signal.SIGKILL)
    held.communicate()

    assert [one.duty for one in run_due(store, nobody)] == ["retention"]
    assert set(outcomes(store).values()) == {"done"}


def test_a_duty_that_fails_keeps_no_other_waiting_and_is_tried_later_and_later(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(sqlite_settings)

    def broken(*_: object) -> bool:
        raise OSError("a text with user_id:1")

    monkeypatch.setattr(duties, "DUTIES", tuple(
        replace(one, do=broken) if one.name == "retention" else one for one in DUTIES
    ))  # fmt: skip
    tries = []
    for seconds in (0, 59, 60, 120, 299, 300, 301):
        done = run_due(at(store, NOW + seconds * SECOND), nobody)
        tries += [(seconds, one) for one in done if one.duty == "retention"]

    assert [(seconds, one.outcome, one.error) for seconds, one in tries] == [
        (0, "failed", "OSError"), (60, "failed", "OSError"), (300, "failed", "OSError"),
    ]  # fmt: skip
    [retention] = [one for one in statuses(at(store, NOW + 3 * DAY)) if one.duty.name == "retention"]
    assert (retention.failures, retention.ran, retention.is_overdue) == (3, 0, True)
    assert outcomes(store)["publishing"] == "done"


def test_who_has_no_role_for_a_duty_is_refused_it_on_record(sqlite_settings: Settings) -> None:
    made = make_store(sqlite_settings)
    grant(made, "shop", "service")
    service = replace(
        made, actor=made.actor_id("shop"), caller=Caller(actor=made.actor_id("shop"), roles=frozenset({"service"}))
    )

    assert {one.duty: one.outcome for one in run_due(service, nobody)}["retention"] == "refused"

    with pytest.raises(NotPermitted):
        duties.shown(service)
    assert {one["duty"]: one["outcome"] for one in duties.shown(open_store(sqlite_settings))}["retention"] == "refused"
