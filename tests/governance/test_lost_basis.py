"""What loses its last purpose: it goes, or is shut where something keeps it; and nobody else pays for it."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings
from domain.clock import DAY
from governance.access import Reader
from governance.audit import verify_live
from governance.callbacks import Callback
from governance.consenting import How, grant, withdraw
from governance.duties_done import Means, end_holds
from governance.erasure import begin, erase, preview
from governance.held import show_held
from governance.holds import release, set_hold
from governance.notifying import Answer
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.recipients import acknowledge, settle_all
from governance.request_runs import How as Run
from governance.request_runs import run
from governance.requests import Asking, approve, open_request, show, verify
from governance.retention import apply, complete_holds, explain
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import NOW, call, make_store, take_in
from tests.laws.reading import digests

ANN, BOB = "user_id:ann", "user_id:bob"
BY_CONSENT = default_text().replace(
    'purposes = ["personalization", "analytics", "marketing", "advertising", "risk"]', 'purposes = ["marketing"]'
)
"""Behaviour rests on marketing alone."""

QUICK = How(wait_seconds=0.1)


def agreeing(settings: Settings, *people: str) -> Store:
    """Each bought something, and agreed to marketing."""
    store = make_store(settings, policy=BY_CONSENT)
    for number, one in enumerate(people):
        take_in(store, call(number, one, name="Order Completed", properties={"revenue": 5}))
        grant(store, one, "marketing")
    catch_up_to_head(store)
    return store


def look_at_tea(store: Store, one: str, message: str = "t") -> None:
    take_in(store, call(90, one, message_id=message, properties={"category": "tea", "product_id": "t"}))
    catch_up_to_head(store)


def seen(store: Store, one: str, purpose: str = "analytics") -> dict[str, int]:
    found: dict[str, int] = Reader(store, "tester").read(one, purpose)["activity"]["by_type"]
    return found


def open_classes(store: Store, one: str) -> set[str]:
    return {row.klass for row in component(store, find(store, one)).keys}


def is_sound(store: Store) -> bool:
    return (rebuild(store, check=True).differences, verify_live(store).findings) == ([], [])


def test_what_a_hold_keeps_of_a_withdrawal_is_shut_and_goes_when_it_is_released(settings: Settings) -> None:
    """G1 G6: read by nobody, counted by nothing, opened for the hold; a new consent does not open it again."""
    store = agreeing(settings, ANN, BOB)
    unmet = digests(store)
    look_at_tea(store, ANN)
    hold = set_hold(store, ANN, ground="legal_claims", until=NOW + DAY, classes=["behaviour"])

    told = withdraw(store, ANN, "marketing")

    assert (told["status"], told["classes_removed"]) == ("held", [])
    assert (told["classes_held"], told["holds"]) == (["behaviour"], [hold.hex()])
    assert (seen(store, ANN), digests(store)) == ({"Order Completed": 1}, unmet)
    [kept] = [one for one in show_held(store, hold, reason="legal_claims")["entries"] if one["class"] == "behaviour"]
    assert kept["values"][0]["properties"]["category"] == "tea"
    assert (preview(store, ANN)["kept"]["behaviour"], preview(store, ANN)["holds"]) == (1, [hold.hex()])
    assert "hold" in {one["now"]["rule"] for one in explain(store, ANN) if one["class"] == "behaviour"}
    assert is_sound(store)
    assert (withdraw(store, ANN, "marketing")["removals"], apply(store), complete_holds(store)) == ([], [], [])
    grant(store, ANN, "marketing")
    assert seen(store, ANN) == {"Order Completed": 1}

    release(store, hold)
    [rest] = complete_holds(store)

    assert (rest.status, rest.keys_destroyed, open_classes(store, ANN) & {"behaviour"}) == ("completed", 1, set())
    assert is_sound(store)


@pytest.mark.parametrize("act", [lambda store: erase(store, ANN), lambda store: end_holds(Means(store, post, 1))])
def test_what_is_shut_goes_with_the_person_and_with_the_day_of_the_hold(
    sqlite_settings: Settings, act: Callable[[Store], object]
) -> None:
    """G1: an erasure takes it over, and nobody has to think of the day."""
    store = agreeing(sqlite_settings, ANN)
    look_at_tea(store, ANN)
    set_hold(store, ANN, ground="legal_claims", until=NOW + DAY, classes=["behaviour"])
    withdraw(store, ANN, "marketing")
    who = component(store, find(store, ANN)).ids

    act(replace(store, clock=lambda: NOW + 2 * DAY))

    with store.keyring.database.reading() as rows:
        assert "behaviour" not in {row.klass for row in rows.keys_of(who, taken=True)}
    assert is_sound(store)


def post(to: Callback, body: bytes, headers: Mapping[str, str]) -> Answer:
    raise AssertionError("nobody is told")


def test_a_withdrawal_is_partial_while_a_reader_keeps_old_pages(sqlite_settings: Settings) -> None:
    """E1: nothing says that it is done before it is, be it told again; what is left is done by the next try."""
    store = agreeing(sqlite_settings, ANN, BOB)
    look_at_tea(store, ANN)
    with closing(sqlite3.connect(Path(sqlite_settings.store) / "log.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entry").fetchone()

        told = [withdraw(store, ANN, "marketing", QUICK) for _ in range(2)]

        assert [one["status"] for one in told] == ["partial", "partial"]
        assert told[0]["classes_removed"] == ["behaviour"]
        assert told[0]["waiting_for"]
        tried = apply(store, wait_seconds=0.1)
        assert [one.case for one in tried] == told[0]["removals"]  # once, though tried twice

    assert withdraw(store, ANN, "marketing")["status"] == "completed"
    assert is_sound(store)


def test_a_request_that_removes_is_partial_until_the_removal_is_done(sqlite_settings: Settings) -> None:
    """E1: an objection whose data is still in old pages is not completed; it completes with what goes on with it."""
    store = agreeing(sqlite_settings, ANN, BOB)
    look_at_tea(store, ANN)
    case = approved(store, "objection", about={"purpose": "marketing"})
    with closing(sqlite3.connect(Path(sqlite_settings.store) / "log.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entry").fetchone()

        assert run(store, case, Run(wait_seconds=0.1))["state"] == "partial"
        apply(store, wait_seconds=0.1)
        assert show(store, case)["state"] == "partial"

    apply(store)
    assert show(store, case)["state"] == "completed"


def test_of_two_requests_for_one_person_neither_completes_before_the_erasure(sqlite_settings: Settings) -> None:
    """G1 E1 R12: the second says what the first has come to, and waits for what that waits for."""
    policy = default_text() + '[recipients.ads]\npurposes = ["service"]\n'
    store = make_store(sqlite_settings, policy=policy)
    take_in(store, call(1, ANN), call(2, ANN, message_id="o", name="Order Completed"))
    catch_up_to_head(store)
    Reader(store, "ads", outside=True).read(ANN, "service")
    hold = set_hold(store, ANN, ground="audit", until=NOW + DAY, classes=["commerce"])
    first, second = approved(store, "erasure"), approved(store, "erasure")

    answers = [run(store, one) for one in (first, second)]

    assert [one["state"] for one in answers] == ["partial", "partial"]
    assert answers[1]["outcome"] == answers[0]["outcome"] | {"models_retired": []}
    assert (answers[1]["outcome"]["holds"], answers[1]["outcome"]["told"]) == ([hold.hex()], ["ads"])
    release(store, hold)
    complete_holds(store)
    assert [show(store, one)["state"] for one in (first, second)] == ["partial", "partial"]  # ads was not told
    acknowledge(store, first, "ads")
    settle_all(store)
    assert [show(store, one)["state"] for one in (first, second)] == ["completed", "completed"]


def test_a_request_whose_person_another_one_is_erasing_says_what_that_comes_to(sqlite_settings: Settings) -> None:
    """R12: raced, the slower one carries on the faster one's case and waits with it."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    slow, fast = approved(store, "erasure"), approved(store, "erasure")
    begin(store, find(store, ANN), fast)

    done = run(store, slow)

    assert (done["state"], done["outcome"]["case"], done["outcome"]["erasure"]) == (
        "completed",
        fast.hex(),
        "completed",
    )
    assert run(store, fast)["outcome"]["position"] == done["outcome"]["position"]


def approved(store: Store, kind: str, **more: Any) -> bytes:
    case = bytes.fromhex(open_request(store, Asking(kind=kind, identifier=ANN, **more))["request"])
    verify(store, case, method="document")
    approve(store, case)
    return case
