"""A process that applies retention dies at every call: the next one finishes it, once."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import DAY
from governance.removals import EXECUTED, INTENDED, all_removals
from governance.retention import apply, plan
from governance.store import Store
from tests.conftest import NOW
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import BOB, CYD, World, digests, lives, restarted, states_of, unsound


def applied(store: Store) -> object:
    """Behaviour and disclosures of November 2026 are due by then; commerce is not."""
    return apply(later(store), wait_seconds=2)


def later(store: Store) -> Store:
    return replace(store, clock=lambda: NOW + 26 * 31 * DAY)


@pytest.mark.slow
def test_retention_that_dies_anywhere_is_finished_by_the_next_process(server: str | None, tmp_path: Path) -> None:
    """G4, R4: whatever was interrupted, what is due is gone afterwards, and gone once."""
    world = World(lives, tmp_path, server)
    with world.store() as (settings, store):
        clean = CrashAt()
        run_and_crash(store, applied, clean)
        expected = sound(settings), digests(restarted(settings)), len(states_of(restarted(settings), BOB, CYD))

    failures = {}
    for number, after in crash_points(clean.names, thinned=True):
        with world.store() as (settings, _):
            crash = CrashAt(number, after=after)
            run_and_crash(open_store(settings), applied, crash)
            applied(restarted(settings))
            found = sound(settings), digests(restarted(settings)), len(states_of(restarted(settings), BOB, CYD))
            if found != expected or len(crash.names) != number:  # a lease is renewed by the clock: names may shift
                failures[number, clean.names[number - 1], after] = found
    assert failures == {}
    assert expected[0] == []


def sound(settings: Settings) -> list[str]:
    store = restarted(settings)
    wrong = unsound(store)
    intended, executed = all_removals(store, INTENDED), all_removals(store, EXECUTED)
    if sorted(act.case for _, act in intended) != sorted(act.case for _, act in executed):
        wrong.append("an intent without its one execution")
    if plan(later(store))["due"]:
        wrong.append("something is still due")
    return wrong
