"""Folding that dies anywhere goes on where it was saved; a rebuild serves whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from governance.projecting import catch_up_to_head, rebuild, serving
from governance.store import Store
from tests.conftest import call, take_in
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import ADA, BOB, CYD, PHONE, World, digests, lives, restarted, states_of, unsound

PEOPLE = (ADA, BOB, CYD)


def lives_and_goes_on(store: Store) -> None:
    """The projections are behind the log."""
    lives(store)
    take_in(store, call(30, PHONE), call(31, BOB, name="Order Completed", properties={"revenue": "4"}))
    take_in(store, call(32, CYD), call(33, BOB))


def rebuild_and_switch(store: Store) -> None:
    assert rebuild(store, check=False).switched


def rebuild_and_compare(store: Store) -> None:
    assert rebuild(store, check=True).differences == []


@pytest.mark.slow
@pytest.mark.parametrize("operation", [catch_up_to_head, rebuild_and_switch, rebuild_and_compare])
def test_projections_that_die_anywhere_are_those_of_an_undisturbed_run(
    operation: Callable[[Store], object], server: str | None, tmp_path: Path
) -> None:
    world = World(lives_and_goes_on, tmp_path, server)
    with world.store() as (settings, store):
        clean = CrashAt()
        run_and_crash(store, operation, clean)
        through, statistics = serving(store).checkpoint(), digests(store)
        states = states_of(store, *PEOPLE)

    failures = {}
    for number, after in crash_points(clean.names, thinned=server is not None):
        with world.store() as (settings, store):
            crash = CrashAt(number, after=after)
            run_and_crash(store, operation, crash)
            assert crash.names == clean.names[:number]

            if wrong := wrong_after(settings, operation, through, statistics):
                failures[number, crash.names[-1], "answer lost" if after else "call lost"] = wrong
            if server is None and states_of(open_store(settings), *PEOPLE) != states:
                failures[number, crash.names[-1], "states"] = ["a state differs"]
    assert failures == {}
    assert len(clean.names) > 15


def wrong_after(
    settings: Settings, operation: Callable[[Store], object], through: int, statistics: dict[str, str]
) -> list[str]:
    """What is not as in an undisturbed run: before it is repeated, and after."""
    store = restarted(settings)
    wrong = [] if set(states_of(store, *PEOPLE)) == set(PEOPLE) else ["nobody serves"]
    operation(store)
    if serving(store).checkpoint() != through:
        wrong.append("another checkpoint")
    if digests(store) != statistics:
        wrong.append("another history")
    return wrong + unsound(store)
