"""An erasure that dies anywhere: the next process finishes it, once, and nobody else notices."""

from pathlib import Path

import pytest

from adapters.wiring import open_store
from governance.erasure import erase
from governance.store import Store
from tests.conftest import make_store, settings_for
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import (
    ADA,
    BOB,
    CYD,
    World,
    digests,
    key_bytes,
    lives,
    restarted,
    states_of,
    wrong_after_erasure,
)


def erase_ada(store: Store) -> None:
    assert erase(store, ADA, wait_seconds=2).status == "completed"


@pytest.fixture
def never_met(tmp_path: Path) -> dict[str, str]:
    """The statistics of a store that never met Ada."""
    store = make_store(settings_for(str(tmp_path / "never" / "store"), tmp_path / "never"))
    lives(store, with_ada=False)
    return digests(store)


@pytest.mark.slow
def test_an_erasure_that_dies_anywhere_is_finished_by_the_next_process(
    server: str | None, tmp_path: Path, never_met: dict[str, str]
) -> None:
    """R4."""
    world = World(lives, tmp_path, server)
    with world.store() as (_, store):
        clean = CrashAt()
        run_and_crash(store, erase_ada, clean)

    failures = {}
    for number, after in crash_points(clean.names, thinned=server is not None):
        with world.store() as (settings, store):
            needles, others = key_bytes(store, ADA), states_of(store, BOB, CYD)
            crash = CrashAt(number, after=after)

            run_and_crash(open_store(settings), erase_ada, crash)

            assert crash.names == clean.names[:number]
            wrong = wrong_after_erasure(settings, needles, never_met)
            if states_of(restarted(settings), BOB, CYD) != others:
                wrong.append("another person's state changed")
            if wrong:
                failures[number, clean.names[number - 1], "answer lost" if after else "call lost"] = wrong
    assert failures == {}
    assert len(clean.names) > 100
