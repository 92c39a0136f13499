"""A message is taken in once: per person, per source, across batches and merges; nobody's id hides another's."""

import pytest

from domain.calls import Call
from domain.events import IDENTIFY
from governance.cleaning import ALIAS
from governance.door import recorder
from governance.erasure import erase
from governance.receipt import Receipt
from governance.store import Store
from governance.subjects import component, find, own_entries
from tests.conftest import call, take_in

ONE, TWO, DEVICE = "user_id:1", "user_id:2", "anonymous_id:a"


def said(who: str, message: str = "m", *more: str) -> Call:
    return call(1, who, *more, message_id=message)


def messages(store: Store, who: str) -> list[str]:
    """Message ids of a person's stored events, sorted."""
    own = own_entries(store, component(store, find(store, who)))
    return sorted(event.message_id for _, _, _, body in own.bodies for event in body.events if event.message_id)


def counted(receipt: Receipt) -> tuple[int, int]:
    return receipt.accepted, receipt.duplicates


def test_a_message_sent_twice_in_one_batch_is_stored_once(store: Store) -> None:
    receipt = take_in(store, said(ONE), said(ONE), said(ONE, "n"))

    assert counted(receipt) == (2, 1)
    assert messages(store, ONE) == ["m", "n"]


@pytest.mark.parametrize("same_door", [True, False])
def test_a_message_sent_again_later_changes_nothing_on_the_log(store: Store, same_door: bool) -> None:
    door = recorder(store, source="test")
    door.record([said(ONE), said(TWO)])
    head = store.log.head()

    for _ in range(2):
        again = door if same_door else recorder(store, source="test")
        assert counted(again.record([said(ONE), said(TWO)])) == (0, 2)

    assert store.log.head() == head


def test_another_process_in_between_does_not_make_a_message_new(store: Store) -> None:
    first, second = recorder(store, source="test"), recorder(store, source="test")
    first.record([said(ONE, "a")])
    second.record([said(ONE, "b")])

    assert counted(first.record([said(ONE, "b"), said(ONE, "c")])) == (1, 1)
    assert counted(second.record([said(ONE, "a"), said(ONE, "c"), said(ONE, "d")])) == (1, 2)
    assert messages(store, ONE) == ["a", "b", "c", "d"]


def test_the_same_id_from_another_source_is_another_message(store: Store) -> None:
    take_in(store, said(ONE), source="web")

    assert counted(take_in(store, said(ONE), source="shop")) == (1, 0)
    assert counted(take_in(store, said(ONE), source="web")) == (0, 1)
    assert messages(store, ONE) == ["m", "m"]


def test_nobody_can_hide_another_persons_event_by_using_its_id_first(store: Store) -> None:
    take_in(store, said(TWO))

    assert counted(take_in(store, said(ONE), said(ONE, "n"), said(TWO, "n"))) == (3, 0)
    assert messages(store, ONE) == messages(store, TWO) == ["m", "n"]


@pytest.mark.parametrize("join", [said(ONE, "login", DEVICE), call(9, ONE, kind=ALIAS, previous=DEVICE)])
def test_a_message_of_the_device_is_known_after_its_owner_logged_in(store: Store, join: Call) -> None:
    take_in(store, said(DEVICE), said(ONE, "other"))
    take_in(store, join)
    assert len(component(store, find(store, ONE)).members) == 2

    for who in (DEVICE, ONE):
        assert counted(take_in(store, said(who))) == (0, 1)

    assert messages(store, ONE) == sorted(["m", "other", *({join.message_id} if join.kind != ALIAS else ())])


def test_a_message_sent_again_in_the_batch_that_merges_is_known(store: Store) -> None:
    take_in(store, said(DEVICE), said(ONE, "other"))

    receipt = take_in(store, said(ONE, "login", DEVICE), said(ONE), said(DEVICE), said(DEVICE, "other"))

    assert counted(receipt) == (1, 3)
    assert messages(store, ONE) == ["login", "m", "other"]


def test_events_of_one_batch_before_and_after_a_merge_count_as_one_persons(store: Store) -> None:
    take_in(store, said(ONE, "other"))

    receipt = take_in(store, said(DEVICE), said(ONE, "login", DEVICE), said(ONE), said(DEVICE))

    assert counted(receipt) == (2, 2)
    assert messages(store, ONE) == ["login", "m", "other"]


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_what_two_told_before_they_were_one_counts_for_each_however_it_is_cut(store: Store, at_once: int) -> None:
    calls = [said(ONE, "other"), said(DEVICE), call(9, ONE, kind=IDENTIFY, message_id="m"), said(ONE, "login", DEVICE)]

    receipts = [take_in(store, *calls[start : start + at_once]) for start in range(0, 4, at_once)]

    assert [sum(counts) for counts in zip(*map(counted, receipts), strict=True)] == [4, 0]
    assert counted(take_in(store, said(DEVICE), said(ONE), said(DEVICE, "other"))) == (0, 3)
    assert messages(store, ONE) == ["login", "m", "m", "other"]


@pytest.mark.slow
def test_a_new_registration_may_use_the_ids_of_the_erased_history(store: Store) -> None:
    """S7: what recognises duplicates dies with the person."""
    take_in(store, said(ONE))
    erase(store, ONE)

    new = call(1, ONE, message_id="m", context={"registration": "new"})

    assert counted(take_in(store, new)) == (1, 0)
    assert messages(store, ONE) == ["m"]
