"""Replay is truth: whatever the batches, chunks and stops on the way, the same log gives the same bytes."""

from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.projecting import catch_up_to_head, rebuild, serving
from governance.replay import Replay
from governance.store import Store
from projections.runner import catch_up
from tests.conftest import call
from tests.laws.conftest import Blank
from tests.laws.histories import CROWD, Desk, Heard, histories, splits
from tests.laws.reading import digests, documents, live
from tests.projections.fakes import MemoryStates

INTERESTS = "statistic/interests"
Appends = Sequence[Sequence[Heard]]
cut_histories = histories(CROWD).flatmap(splits)


@pytest.mark.slow
def test_a_rebuild_equals_having_followed_along(blank: Blank) -> None:
    @settings(max_examples=blank.examples(40, 5), deadline=None)
    @given(cut_histories, st.data())
    def holds(appends: Appends, data: st.DataObject) -> None:
        with blank.copy() as store:
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                if data.draw(st.booleans()):
                    catch_up_to_head(store)

            assert rebuild(store, check=True).differences == []
            followed = live(store)
            rebuild(store, check=False)
            assert live(store) == followed

    holds()


@pytest.mark.slow
def test_neither_the_chunks_nor_the_memory_of_a_replay_show_in_its_result(blank: Blank) -> None:
    @settings(max_examples=blank.examples(30, 4), deadline=None)
    @given(cut_histories, st.integers(1, 40), st.sampled_from([0, 1000, 20_000, 1 << 30]))
    def holds(appends: Appends, chunk_entries: int, working_bytes: int) -> None:
        with blank.copy() as store:
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                catch_up_to_head(store)

            assert replayed(store, chunk_entries, working_bytes) == live(store)

    holds()


@pytest.mark.slow
def test_every_position_on_the_way_is_the_same_for_all(blank: Blank) -> None:
    @settings(max_examples=blank.examples(15, 2), deadline=None)
    @given(cut_histories)
    def holds(appends: Appends) -> None:
        with blank.copy() as store:
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                catch_up_to_head(store)
                assert replayed(store, 3, 1000, through=serving(store).checkpoint()) == live(store)

    holds()


@pytest.mark.slow
def test_how_calls_are_cut_into_appends_does_not_show_in_any_profile(blank: Blank) -> None:
    @settings(max_examples=blank.examples(30, 4), deadline=None)
    @given(cut_histories)
    def holds(appends: Appends) -> None:
        with blank.copy() as cut, blank.copy() as whole:
            desk = Desk(cut)
            for append in appends:
                desk.take_in(append)
            Desk(whole).take_in(list(chain.from_iterable(appends)))
            for store in (cut, whole):
                catch_up_to_head(store)

            assert documents(cut, CROWD.all) == documents(whole, CROWD.all)
            assert digests(cut) == digests(whole)

    holds()


@pytest.mark.parametrize("what", ["state", "statistic"])
def test_a_projection_that_lost_something_differs_from_the_replay(store: Store, what: str) -> None:
    Desk(store).take_in([Heard(call(1, "user_id:1", properties={"category": "tea"}), "web")])
    catch_up_to_head(store)
    slot, (rows, _) = serving(store), live(store)
    states: dict[bytes, bytes | None] = dict.fromkeys(rows) if what == "state" else {}
    shared: dict[str, bytes | None] = {INTERESTS: None} if what == "statistic" else {}
    slot.save(expected=slot.checkpoint(), checkpoint=slot.checkpoint(), states=states, shared=shared)

    assert [one.what for one in rebuild(store, check=True).differences] == [what]


def replayed(store: Store, chunk_entries: int, working_bytes: int, through: int | None = None) -> object:
    states = MemoryStates()
    catch_up(
        Replay(store.log, store.keyring),
        states,
        store.fold,
        through=through,
        chunk_entries=chunk_entries,
        working_bytes=working_bytes,
    )
    return states.rows, states.parts
