"""A restriction on which the person depends keeps the data, until it is lifted or the person wants it gone."""

from dataclasses import replace

import pytest

from adapters.settings import Settings
from domain.clock import DAY
from domain.errors import BadInput
from governance.consenting import How, NotRestricted, lift, restrict
from governance.erasure import erase
from governance.lattice import KEPT_FOR
from governance.request_runs import run
from governance.requests import Asking, approve, open_request, verify
from governance.retention import apply, explain, plan
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import NOW, call, make_store, take_in

ANN, BOB = "user_id:ann", "user_id:bob"
LETTER = How(evidence="letter-3")


def late(store: Store) -> Store:
    """When behaviour of NOW is due."""
    return replace(store, clock=lambda: NOW + 27 * 31 * DAY)


def classes(store: Store, one: str) -> set[str]:
    return {row.klass for row in component(store, find(store, one)).keys}


def test_what_a_person_needs_for_legal_claims_outlives_its_period(settings: Settings) -> None:
    """GDPR Art. 18(1)(c), G3: as under a hold, of nobody else, and until it is lifted."""
    store = make_store(settings)
    take_in(store, call(1, ANN), call(2, BOB))
    restrict(store, ANN, "legal_claims")
    then = late(store)

    [due] = plan(then)["due"]
    apply(then)

    assert (due["keys"], due["kept"], due["kept_by"]) == (1, 1, {"restriction": 1})
    assert ("behaviour" in classes(store, ANN), "behaviour" in classes(store, BOB)) == (True, False)
    [told] = [one for one in explain(then, ANN) if one["class"] == "behaviour"]
    assert (told["now"]["rule"], told["now"]["ground"], told["erased"]["rule"]) == (
        "restriction", "legal_claims", "erasure",
    )  # fmt: skip

    lift(then, ANN, LETTER)
    apply(then)
    assert "behaviour" not in classes(store, ANN)


@pytest.mark.parametrize(("ground", "stays"), [("unlawful", True), ("accuracy_contested", False)])
def test_only_grounds_on_which_the_person_depends_keep(sqlite_settings: Settings, ground: str, stays: bool) -> None:
    """GDPR Art. 18(1)(b), against (a)."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    restrict(store, ANN, ground)
    restrict(store, ANN, "objection_pending")

    apply(late(store))

    assert (ground in KEPT_FOR, "behaviour" in classes(store, ANN)) == (stays, stays)


def test_the_persons_own_erasure_overrides_the_restriction(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    restrict(store, ANN, "legal_claims")

    assert erase(store, ANN).status == "completed"


def test_a_restriction_is_lifted_once_and_with_evidence_that_the_person_was_told(sqlite_settings: Settings) -> None:
    """GDPR Art. 18(3): by the short way and by a request alike."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    case = bytes.fromhex(
        open_request(store, Asking(kind="lift", identifier=ANN, about={"informed": "letter"}))["request"]
    )
    verify(store, case, method="document")
    approve(store, case)

    with pytest.raises(NotRestricted):
        run(store, case)
    with pytest.raises(NotRestricted):
        lift(store, ANN, LETTER)
    restrict(store, ANN, "unlawful")
    with pytest.raises(BadInput):
        lift(store, ANN)
    assert run(store, case)["state"] == "completed"
    with pytest.raises(NotRestricted):
        lift(store, ANN, LETTER)
