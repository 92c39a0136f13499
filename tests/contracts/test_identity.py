"""Links, merges and registrations as the store keeps them."""

import pytest

from governance.cleaning import ALIAS
from governance.erasure import erase, fence, open_case
from governance.store import Store
from governance.subjects import find
from tests.conftest import call, take_in
from tests.contracts.raw import who

U1, U2 = "user_id:1", "user_id:2"
A, B, MAIL = "anonymous_id:a", "anonymous_id:b", "email:x@example.com"


def test_a_device_and_its_person_are_one_through_the_store(store: Store) -> None:
    take_in(store, call(1, A), call(2, U2, B))
    take_in(store, call(3, U1, A), call(4, U2, A), call(5, U2, MAIL))
    take_in(store, call(6, U1, MAIL))

    assert find(store, A) == find(store, U1) != find(store, U2) == find(store, B) == find(store, MAIL)
    take_in(store, call(7, U1, kind=ALIAS, previous=U2))

    assert {find(store, one) for one in (A, B, U1, U2, MAIL)} == {find(store, U1)}
    assert len(who(store, U1).members) == 2


@pytest.mark.slow
def test_a_registration_during_an_erasure_does_not_hold_back_its_neighbours(store: Store) -> None:
    take_in(store, call(1, U1))
    person = who(store, U1)
    fence(store, person.root, open_case(store, person))

    receipt = take_in(store, call(2, U1, context={"registration": "new"}), call(3, U2))

    assert (receipt.accepted, receipt.suppressed) == (1, 1)
    erase(store, U1)
    assert take_in(store, call(4, U1, context={"registration": "new"})).accepted == 1
    assert find(store, U1) != person.root
