"""The past can be folded again: as of any position it is what it was, minus what was removed since."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calls import Call
from domain.clock import DAY
from governance.cleaning import ALIAS
from governance.erasure import erase
from governance.models import train
from governance.moments import at_position
from governance.projecting import catch_up_to_head, serving
from governance.removals import INTENDED, all_removals
from governance.replay import Replay
from governance.replaying import replay_as_of, states_at
from governance.store import Store
from governance.unmerging import unmerge
from projections.runner import catch_up
from tests.conftest import NOW, call, take_in
from tests.laws.conftest import Blank
from tests.laws.histories import CROWD, Desk, Heard, histories, splits
from tests.laws.reading import live
from tests.laws.test_erasure_commutes import Without, ids_of
from tests.projections.fakes import MemoryStates

Past = tuple[dict[bytes, bytes], dict[str, bytes]]
slow_to_draw = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.slow
def test_a_replay_as_of_a_position_is_the_store_that_stopped_there(blank: Blank) -> None:
    """L3."""

    @settings(max_examples=blank.examples(12, 2), deadline=None, suppress_health_check=slow_to_draw)
    @given(histories(CROWD).flatmap(splits))
    def holds(appends: Sequence[Sequence[Heard]]) -> None:
        with blank.copy() as store:
            stopped: dict[int, Past] = {}
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                catch_up_to_head(store)
                stopped[serving(store).checkpoint()] = live(store)

            assert {position: as_of(store, position) for position in stopped} == stopped

    holds()


@pytest.mark.slow
def test_a_replay_as_of_a_position_before_an_erasure_never_met_the_erased(blank: Blank) -> None:
    """L4, R7: at every position, not only at the end; and it says how many entries it does not show."""

    @settings(max_examples=blank.examples(8, 1), deadline=None, suppress_health_check=slow_to_draw)
    @given(histories(CROWD, most=12), st.data())
    def holds(history: list[Heard], data: st.DataObject) -> None:
        with blank.copy() as store:
            Desk(store).take_in(history)
            erased = data.draw(st.sampled_from([name for name in CROWD.all if ids_of(store, name)]))
            ids, size = ids_of(store, erased), store.log.head().size
            positions = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=4))
            without = {position: never_met(store, ids, position) for position in positions}

            erase(store, erased)

            assert {position: as_of(store, position) for position in positions} == without
            doomed = {bytes.fromhex(key) for _, act in all_removals(store, INTENDED) for key in act.keys}
            gone = sum(entry.key_id in doomed for entry in store.log.entries(after=-1, limit=size))
            found = replay_as_of(store, at_position(store, size - 1)).withheld
            assert found == {"erasure": gone, "retention": 0, "held": 0, "lost": 0, "unexplained": 0}

    holds()


def test_a_merge_that_was_undone_later_is_one_as_of_the_time_between(store: Store) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2", name="Order Completed", properties={"revenue": 5}))
    take_in(store, call(3, "user_id:1", kind=ALIAS, name="", previous="user_id:2"))
    catch_up_to_head(store)
    together, merged = live(store), serving(store).checkpoint()
    unmerge(store, "user_id:1", apart="user_id:2")
    apart, parted = live(store), serving(store).checkpoint()

    assert as_of(store, merged) == together
    assert as_of(store, parted) == apart

    erase(store, "user_id:1")

    rows, _ = as_of(store, merged)
    assert [row for row in rows.values() if b"Order Completed" in row]
    assert not [row for row in rows.values() if b"Product Viewed" in row]


def test_models_in_force_at_a_position_are_those_that_were(store: Store) -> None:
    days = {number: range(number % 5, 300, 30 + number % 7) for number in range(40)}
    calls = [bought(number, day) for number, some in days.items() for day in some if day % 4 or number % 3]
    take_in(store, *calls, backfill=True)
    before = catch_up_to_head(store)
    first = train(store, "requested")
    trained = serving(store).checkpoint()
    second = train(store, "requested")

    def ids(position: int) -> list[str]:
        return [one["model_id"] for one in replay_as_of(store, at_position(store, position)).models]

    assert [ids(before), ids(trained), ids(store.log.head().size - 1)] == [[], [first], [second]]
    assert as_of(store, serving(store).checkpoint()) == live(store)


def bought(number: int, day: int) -> Call:
    at = NOW - (400 - day) * DAY
    said = {"product_id": "p", "category": "tea", "revenue": 3}
    return call(
        1, f"user_id:{number}", name="Order Completed", message_id=f"{number}/{day}", timestamp=at, recorded=at,
        properties=said,
    )  # fmt: skip


def as_of(store: Store, position: int) -> Past:
    scratch = states_at(store, position)
    return dict(scratch.rows()), scratch.shared()


def never_met(store: Store, ids: Sequence[bytes], position: int) -> Past:
    states = MemoryStates()
    catch_up(Without(Replay(store.log, store.keyring), ids), states, store.fold, through=position)
    return states.rows, states.parts
