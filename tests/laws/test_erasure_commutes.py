"""Erasure commutes with replay: after it the store is, bit for bit, the one that never met the person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.clock import DAY
from domain.errors import NotFound
from domain.events import IDENTIFY
from governance.cleaning import ALIAS
from governance.erasure import erase
from governance.projecting import catch_up_to_head, rebuild
from governance.replay import Replay
from governance.store import Store
from governance.subjects import component, find
from projections.runner import Passed, Step, Told, catch_up
from tests.conftest import NOW, call
from tests.laws.conftest import Blank
from tests.laws.histories import CROWD, Desk, Heard, histories, household, splits
from tests.laws.reading import digests, documents, live
from tests.projections.fakes import MemoryStates

FIRST, SECOND, THIRD = household(1), household(2), household(3)
EVERYBODY = [*FIRST.all, *SECOND.all, *THIRD.all]
slow_to_draw = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.slow
def test_what_remains_is_the_replay_of_the_entries_that_remain(blank: Blank) -> None:
    """R6, S8: the law as DESIGN words it: the same entries minus the person's, attribution never redone."""

    @settings(max_examples=blank.examples(30, 4), deadline=None, suppress_health_check=slow_to_draw)
    @given(histories(CROWD).flatmap(splits), st.booleans(), st.data())
    def holds(appends: Sequence[Sequence[Heard]], is_followed: bool, data: st.DataObject) -> None:
        with blank.copy() as store:
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                if is_followed:
                    catch_up_to_head(store)
            erased = data.draw(st.sampled_from([name for name in CROWD.all if ids_of(store, name)]))
            ids = ids_of(store, erased)
            without = MemoryStates()
            catch_up(Without(Replay(store.log, store.keyring), ids), without, store.fold)

            assert erase(store, erased).status == "completed"

            assert live(store) == (without.rows, without.parts)
            assert rebuild(store, check=True).differences == []

    holds()


@pytest.mark.slow
def test_a_store_that_forgot_a_household_is_one_that_never_met_it(blank: Blank) -> None:
    """R5, R6: two stores, compared through the doors; late calls of the household come after its erasure."""

    @settings(max_examples=blank.examples(25, 3), deadline=None, suppress_health_check=slow_to_draw)
    @given(histories(FIRST, SECOND, THIRD), histories(FIRST, SECOND, THIRD, most=8, first=100))
    def holds(before: list[Heard], late: list[Heard]) -> None:
        [known] = FIRST.known
        before = [Heard(call(99, known, kind=IDENTIFY, name="", timestamp=NOW - 300 * DAY), "web"), *before]
        with blank.copy() as met, blank.copy() as unmet:
            met_desk, unmet_desk = Desk(met), Desk(unmet)
            met_desk.take_in(before)
            catch_up_to_head(met)
            names = names_of(met, known, FIRST.all)

            erase(met, known)
            met_desk.take_in(late)
            unmet_desk.take_in([one for one in [*before, *late] if not concerns(one, names)])

            for store in (met, unmet):
                catch_up_to_head(store)
            assert digests(met) == digests(unmet)
            assert documents(met, EVERYBODY) == documents(unmet, EVERYBODY)
            assert [documents(met, EVERYBODY)[name] for name in names] == [None] * len(names)
            rebuild(met, check=False)
            assert digests(met) == digests(unmet)
            assert documents(met, EVERYBODY) == documents(unmet, EVERYBODY)

    holds()


def test_erasing_one_who_shared_a_device_leaves_the_other_as_it_was(store: Store) -> None:
    desk = Desk(store)
    shared = [
        call(1, "anonymous_id:tablet"),
        call(2, "user_id:ann", "anonymous_id:tablet"),
        call(3, "user_id:ben", "anonymous_id:tablet"),
    ]
    desk.take_in([Heard(one, "web") for one in shared])
    catch_up_to_head(store)
    before = documents(store, ["user_id:ben"])

    erase(store, "user_id:ann")

    assert set(documents(store, ["user_id:ann", "anonymous_id:tablet"]).values()) == {None}
    assert documents(store, ["user_id:ben"]) == before


@dataclass
class Without:
    """The log as a replay reads it, less the bodies of a component."""

    whole: Replay
    ids: Collection[bytes]

    def head(self) -> int:
        return self.whole.head()

    def read(self, *, after: int, limit: int) -> Sequence[Step]:
        steps = self.whole.read(after=after, limit=limit)
        return [Passed(one.position) if isinstance(one, Told) and one.subject in self.ids else one for one in steps]

    def own(self, subjects: Collection[bytes], *, before: int) -> Sequence[Told]:
        raise AssertionError("nothing is removed in this log")


def ids_of(store: Store, identifier: str) -> list[bytes]:
    try:
        return component(store, find(store, identifier)).ids
    except NotFound:
        return []


def names_of(store: Store, identifier: str, among: Sequence[str]) -> list[str]:
    """Which identifiers name the same person as this one."""
    ids = ids_of(store, identifier)
    return [name for name in among if ids and ids_of(store, name) == ids]


def concerns(one: Heard, names: Collection[str]) -> bool:
    return one.call.identifiers[0] in names or (one.call.kind == ALIAS and one.call.previous in names)
