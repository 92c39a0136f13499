"""Every entry whose body does not open any more is counted by what took it away."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.acts import BodiesLost
from domain.clock import DAY
from governance.access import AsOf, Reader
from governance.differing import differences
from governance.erasure import erase
from governance.holds import set_hold
from governance.moments import at_position
from governance.projecting import catch_up_to_head
from governance.replaying import replay_as_of
from governance.retention import apply
from governance.store import Store, append_acts
from tests.conftest import NOW, call, take_in

ANN = "user_id:ann"


def counted(store: Store, position: int) -> dict[str, int]:
    found = replay_as_of(store, at_position(store, position)).withheld
    return {cause: count for cause, count in found.items() if count}


def erased(store: Store) -> None:
    assert erase(store, ANN).status == "completed"


def expired(store: Store) -> None:
    assert apply(replace(store, clock=lambda: NOW + 900 * DAY))


def held(store: Store) -> None:
    set_hold(store, ANN, ground="legal_claims", until=NOW + 90 * DAY, classes=["commerce"])
    assert erase(store, ANN).status == "held"


def lost(store: Store) -> None:
    [position] = purchases(store)
    unexplained(store)
    append_acts(store, [("bodies_lost", BodiesLost(positions=[position], cause="disk"))])


def unexplained(store: Store) -> None:
    with store.lock() as locked:
        locked.log.purge([], purchases(store))


def purchases(store: Store) -> list[int]:
    """Where the one entry of class commerce is: the last of its append."""
    return [max(position for position, _ in store.log.bodies(after=-1, limit=100))]


@pytest.mark.parametrize(
    ("removal", "expected"),
    [
        (erased, {"erasure": 3}),
        (expired, {"retention": 1}),
        (held, {"erasure": 2, "held": 1}),
        (lost, {"lost": 1}),
        (unexplained, {"unexplained": 1}),
    ],
)
def test_a_replay_says_how_many_entries_it_leaves_out_and_why(
    store: Store, removal: Callable[[Store], None], expected: dict[str, int]
) -> None:
    take_in(store, call(1, ANN), call(2, ANN, name="Order Completed"))
    position = store.log.head().size - 1
    assert counted(store, position) == {}

    removal(store)

    assert counted(store, position) == expected
    assert counted(store, 1) == {}


def test_a_profile_of_the_past_says_what_has_gone_from_it_since(store: Store) -> None:
    """R7: entries while they can still be told to be of the person, afterwards the periods that ended for everybody."""
    take_in(store, call(1, ANN), call(2, ANN, name="Order Completed"))
    position = catch_up_to_head(store)
    expired(store)

    past = Reader(store, "desk").read(ANN, "personalization", AsOf(position=position))

    assert (past["periods_withheld"], past["entries_withheld"]) == (["behaviour 2026-11"], 0)
    assert past["activity"]["by_type"] == {"Order Completed": 1}
    changed = differences(store, ANN, "personalization", position - 1, position, "desk")
    assert changed["periods_withheld"] == ["behaviour 2026-11"]
    now = AsOf(position=store.log.head().size - 1)
    assert Reader(store, "desk").read(ANN, "personalization", now)["periods_withheld"] == []
