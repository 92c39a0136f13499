"""An erasure that dies anywhere: the next process finishes it, once, and nobody else notices."""

from contextlib import suppress
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import NotFound
from governance.access import Reader
from governance.erasure import erase
from governance.removals import EXECUTED, INTENDED, all_removals
from governance.residue import scan
from governance.store import Store
from tests.conftest import call, make_store, settings_for, take_in
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import (
    ADA,
    BOB,
    CYD,
    PHONE,
    World,
    digests,
    key_bytes,
    lives,
    restarted,
    states_of,
    unsound,
)

THINNED = 40


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
    world = World(lives, tmp_path, server)
    with world.store() as (_, store):
        clean = CrashAt()
        run_and_crash(store, erase_ada, clean)

    failures = {}
    for number, after in crash_points(clean.names, every=THINNED if server else 1):
        with world.store() as (settings, store):
            needles, others = key_bytes(store, ADA), states_of(store, BOB, CYD)
            crash = CrashAt(number, after=after)

            run_and_crash(open_store(settings), erase_ada, crash)

            assert crash.names == clean.names[:number]
            wrong = wrong_after(settings, needles, never_met)
            if states_of(restarted(settings), BOB, CYD) != others:
                wrong.append("another person's state changed")
            if wrong:
                failures[number, clean.names[number - 1], "answer lost" if after else "call lost"] = wrong
    assert failures == {}
    assert len(clean.names) > 100


def wrong_after(settings: Settings, needles: list[bytes], never_met: dict[str, str]) -> list[str]:
    """What is not as it must be once the erasure was repeated by a new process."""
    store = restarted(settings)
    with suppress(NotFound):  # only its answer was lost
        erase_ada(store)
    wrong = unsound(store)
    intended, executed = all_removals(store, INTENDED), all_removals(store, EXECUTED)
    if [act for _, act in intended] != [act for _, act in executed] or [act.part for _, act in executed] != [1]:
        wrong.append("not exactly one executed act for one intent")
    if store.mirror.acts() != [f"{entry.position} {entry.act} {entry.fields}" for entry, _ in intended + executed]:
        wrong.append("the mirror does not hold the acts")
    if len(store.mirror.marks()) != 3:
        wrong.append("the mirror does not hold the marks")
    size = store.log.head().size
    late = take_in(store, call(90, ADA), call(91, PHONE), call(92, "email:ada@example.com"), call(93, ADA, PHONE))
    if (late.suppressed, late.accepted, store.log.head().size) != (4, 0, size):
        wrong.append("a late event of the erased was stored")
    with suppress(NotFound):
        Reader(store, "tester").read(ADA, "personalization")
        wrong.append("the erased has a profile")
    if digests(store) != never_met:
        wrong.append("statistics remember the erased")
    if not settings.is_server and scan([[one] for one in needles], store.storage.paths()).hits:
        wrong.append("a key of the erased is on disk")
    return wrong
