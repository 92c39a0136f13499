"""An auditor names a point of the log by a position, by a tree head that he kept, or by a time."""

from dataclasses import replace
from functools import partial

import pytest

from domain.clock import DAY, SECOND
from domain.errors import BadInput
from domain.note import BadNote, BadSignature
from domain.tree import EMPTY_ROOT
from governance.audit import tree_head
from governance.moments import at_position, at_time, at_tree_head
from governance.publishing import Rollback
from governance.rotation import rotate
from governance.signing import generate, signer
from governance.store import Store
from tests.conftest import NOW, call, take_in


def test_a_position_is_one_of_the_log_s(store: Store) -> None:
    size = store.log.head().size

    assert at_position(store, size - 1).position == size - 1
    for wrong in (-1, size):
        with pytest.raises(BadInput):
            at_position(store, wrong)


def test_a_tree_head_is_the_log_as_it_was_when_it_was_signed(store: Store) -> None:
    head = tree_head(store)
    take_in(store, call(1))

    assert at_tree_head(store, head.note).position == head.size - 1


def test_a_tree_head_that_the_log_did_not_sign_is_no_point_of_it(store: Store) -> None:
    """Finding 13, and 10 for what is no tree head."""
    head = tree_head(store)
    stranger = signer(generate(store.origin, bytes(32)))
    forged = stranger.sign_tree_head(store.origin, head.size, head.frontier.root())

    with pytest.raises(BadSignature):
        at_tree_head(store, forged)
    with pytest.raises(BadNote):
        at_tree_head(store, "no head")


def test_a_tree_head_that_the_log_does_not_begin_with_is_a_rollback(store: Store) -> None:
    """Finding 12: the true key signed another history, or one that is longer than what is left."""
    size = store.log.head().size

    for note, position in ((store.sign(size, bytes(32)), size), (store.sign(size + 1, bytes(32)), size)):
        with pytest.raises(Rollback) as caught:
            at_tree_head(store, note)
        assert caught.value.position == position
    with pytest.raises(BadInput):
        at_tree_head(store, store.sign(0, EMPTY_ROOT))


def test_a_time_is_the_last_entry_that_had_come_in_by_then(store: Store) -> None:
    made = store.log.head().size - 1
    last = {}
    for at in (DAY, DAY + 5 * SECOND, 3 * DAY):
        take_in(replace(store, clock=partial(int, NOW + at)), call(1, message_id=f"at {at}"))
        last[at] = store.log.head().size - 1
    rotate(replace(store, clock=lambda: NOW + 3 * DAY))

    def position(at: int) -> int:
        return at_time(store, NOW + at).position

    assert [position(0), position(DAY - SECOND)] == [made, made + 1]  # acts of a day tell no time: here new keys
    assert [position(DAY), position(DAY + SECOND)] == [last[DAY], last[DAY]]
    assert [position(DAY + 5 * SECOND), position(2 * DAY)] == [last[DAY + 5 * SECOND]] * 2
    assert position(9 * DAY) == store.log.head().size - 1
    with pytest.raises(BadInput):
        at_time(store, NOW - DAY)
