"""Running requests: interrupted and repeated, raced, and of people who merge or turn up meanwhile."""

from typing import Any

import pytest

from adapters.settings import Settings
from domain.errors import NotFound
from domain.events import IDENTIFY
from governance import casebook, cases
from governance.access import Reader
from governance.cases import WrongState
from governance.cleaning import ALIAS
from governance.packages import Package
from governance.projecting import catch_up_to_head
from governance.request_runs import How, run
from governance.requests import Asking, approve, cancel, list_requests, open_request, show, verify
from governance.store import Store
from governance.subjects import find
from tests.conftest import call, make_store, take_in

ANN = call(1, "user_id:1", kind=IDENTIFY, name="", properties={"city": "Oslo"})


def approved(store: Store, kind: str, identifier: str = "user_id:1", **more: Any) -> bytes:
    case = bytes.fromhex(open_request(store, Asking(kind=kind, identifier=identifier, **more))["request"])
    verify(store, case, method="document")
    approve(store, case)
    return case


def city(store: Store) -> Any:
    document = Reader(store, "test").whole(find(store, "user_id:1"))
    return document and document["attributes"]["city"]["value"]


def test_a_run_that_was_interrupted_is_repeated(sqlite_settings: Settings) -> None:
    """R12: and what has begun is not taken back."""
    store = make_store(sqlite_settings)
    take_in(store, ANN)
    catch_up_to_head(store)
    case = approved(store, "access")

    def full_disk(package: Package) -> dict[str, Any]:
        raise OSError

    with pytest.raises(OSError):
        run(store, case, How(deliver=full_disk))

    assert show(store, case)["state"] == "running"
    with pytest.raises(WrongState):
        cancel(store, case)
    assert run(store, case, How(deliver=lambda package: {"code": "once"}))["code"] == "once"
    assert "once" not in str(show(store, case))
    assert list_requests(store) == []


def test_of_two_steps_at_once_the_second_is_decided_anew(sqlite_settings: Settings) -> None:
    """R12: cancelled and run at the same time, it is one of the two."""
    store = make_store(sqlite_settings)
    take_in(store, ANN)
    case = approved(store, "restriction", about={"ground": "unlawful"})
    tries = []

    def start_after_a_cancellation(now: cases.Case) -> cases.Said:
        tries.append(now.state)
        if len(tries) == 1:
            cancel(store, case)  # somebody else, between the decision and the append
        return cases.start(now, "aa", needs_another=False, recipients=[])

    with pytest.raises(WrongState):
        casebook.step(store, case, start_after_a_cancellation)

    assert tries == ["approved", "cancelled"]
    assert show(store, case)["state"] == "cancelled"


def test_a_request_follows_the_person_through_a_merge_and_ends_with_the_erasure(sqlite_settings: Settings) -> None:
    """G16, I6: a correction reaches whom the person has become; nothing is corrected of one who is gone."""
    store = make_store(sqlite_settings)
    take_in(store, ANN)
    correction = approved(store, "rectification", values={"city": "Bergen"})
    twin = call(2, "user_id:2", kind=ALIAS, name="", previous="user_id:1")
    take_in(store, call(3, "user_id:2"), twin)
    assert find(store, "user_id:1") == find(store, "user_id:2")

    run(store, correction)

    assert city(store) == "Bergen"
    late = approved(store, "rectification", values={"city": "Voss"})
    erasure, again = approved(store, "erasure"), approved(store, "erasure", "user_id:2")
    assert run(store, erasure)["outcome"]["erasure"] == "completed"
    assert run(store, again)["outcome"].items() >= {"erasure": "completed", "case": erasure.hex()}.items()
    with pytest.raises(NotFound):
        run(store, late)
    assert show(store, late)["state"] == "approved"  # to be denied or cancelled


def test_one_who_turns_up_only_when_verified_is_served_as_well(sqlite_settings: Settings) -> None:
    """R13: more information may identify a person whom the first did not (GDPR Art. 11(2))."""
    store = make_store(sqlite_settings)
    take_in(store, ANN)
    asking = Asking(kind="rectification", identifier="email:a@b.example", values={"city": "Bergen"})
    case = bytes.fromhex(open_request(store, asking)["request"])

    verify(store, case, method="possession", identifier="user_id:1", values={"city": "Bergen"})
    approve(store, case)
    run(store, case)

    assert city(store) == "Bergen"
