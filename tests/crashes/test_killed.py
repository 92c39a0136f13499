"""Processes killed by the system at any moment, on real files and a real server."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from adapters.cli.ingesting import ingest_file
from adapters.settings import Settings
from governance.projecting import catch_up_to_head, rebuild, serving
from governance.store import Store
from tests.conftest import call, make_store, settings_for, take_in
from tests.crashes.process import BATCHES, take_batch
from tests.crashes.worlds import (
    ADA,
    BOB,
    CYD,
    World,
    digests,
    events_of,
    key_bytes,
    lives,
    restarted,
    states_of,
    unsound,
    wrong_after_erasure,
)

ROOT = Path(__file__).parents[2]
SEEDS = 5
STEPS = ("ready", "projections", "mirror", "keys", "bodies", "pages", "residue", "record")


@dataclass
class Killed:
    """What a process said before it was killed, and how long it took from `ready` to its end if it was not."""

    said: list[str]
    seconds: float


def run_and_kill(
    operation: str, settings: Settings, file: str = "", *, at: str = "ready", after: float | None = 0
) -> Killed:
    """Kill a process so many seconds after it said a line; None lets it end."""
    directory = Path(settings.keys.removeprefix("file:")).parent
    arguments = [sys.executable, "-m", "tests.crashes.process", operation, settings.store, str(directory), file]
    said: list[str] = []
    began = 0.0
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            began = began or monotonic()
            if after is not None and said[-1] == at:
                sleep(after)
                process.kill()
                said += process.stdout.read().split()
    assert process.returncode == (0 if after is None else -9) or said[-1] == "done"
    return Killed(said, monotonic() - began)


def backlog(store: Store) -> None:
    """Many people wait to be folded."""
    lives(store)
    for batch in range(8):
        take_in(store, *(call(n, f"user_id:p{n % 150}") for n in range(100 + 100 * batch, 200 + 100 * batch)))


@pytest.mark.slow
def test_events_of_a_killed_process_are_there_once_when_it_is_run_again(server: str | None, tmp_path: Path) -> None:
    world, random = World(lives, tmp_path, server), Random(1)
    with world.store() as (settings, store):
        whole = run_and_kill("take_in", settings, after=None)
        store = restarted(settings)
        people = [ADA, BOB, CYD, *(f"user_id:new{batch}" for batch in range(BATCHES))]
        expected, statistics = events_of(store, *people), digests(store)

    for _ in range(2 if server else SEEDS):
        with world.store() as (settings, _):
            killed = run_and_kill("take_in", settings, after=random.uniform(0, whole.seconds))

            store = restarted(settings)
            taken = killed.said.count("taken")
            assert unsound(store) == []
            if taken:
                assert events_of(store, *people[3 : 3 + taken]) == dict.fromkeys(people[3 : 3 + taken], 1)
            for batch in range(BATCHES):
                take_batch(store, batch)
            assert events_of(store, *people) == expected
            assert digests(store) == statistics
            assert unsound(store) == []


@pytest.mark.slow
def test_an_erasure_whose_process_is_killed_is_finished_by_the_next_one(server: str | None, tmp_path: Path) -> None:
    """R4."""
    never = make_store(settings_for(str(tmp_path / "never" / "store"), tmp_path / "never"))
    lives(never, with_ada=False)
    world, random = World(lives, tmp_path, server), Random(2)

    for step in STEPS[::3] if server else STEPS:
        with world.store() as (settings, store):
            needles, others = key_bytes(store, ADA), states_of(store, BOB, CYD)

            run_and_kill("erase", settings, at=step, after=random.choice([0, 0.002, 0.01]))

            assert wrong_after_erasure(settings, needles, digests(never)) == []
            assert states_of(restarted(settings), BOB, CYD) == others


def fold(store: Store) -> None:
    catch_up_to_head(store)


def rebuild_and_switch(store: Store) -> None:
    rebuild(store, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "again"), [("catch_up", fold), ("rebuild", rebuild_and_switch)])
def test_projections_of_a_killed_process_are_those_of_an_undisturbed_one(
    operation: str, again: Callable[[Store], None], tmp_path: Path
) -> None:
    world, random = World(backlog, tmp_path), Random(3)
    with world.store() as (settings, _):
        whole = run_and_kill(operation, settings, after=None)
        store = restarted(settings)
        expected, through = states_of(store, ADA, BOB, CYD, "user_id:p7"), serving(store).checkpoint()

    for _ in range(SEEDS):
        with world.store() as (settings, _):
            run_and_kill(operation, settings, after=random.uniform(0, whole.seconds))

            store = restarted(settings)
            assert unsound(store) == []
            again(store)
            assert states_of(store, ADA, BOB, CYD, "user_id:p7") == expected
            assert serving(store).checkpoint() == through


MAPPING = """\
source = "shop"
event = "Order Completed"
[identifiers]
user_id = "{customer}"
[time]
column = "at"
[properties]
revenue = { column = "paid", type = "amount" }
"""
ROWS = 400


def written(directory: Path, name: str) -> Path:
    """A file of records without message ids; every tenth is refused, and some are alike."""
    lines = []
    for row in range(ROWS):
        customer, paid = f"c{row % 23}", "x" if row % 10 == 9 else f"{row % 7}.50"
        at = f"2026-11-{1 + row % 20:02}T10:00:00Z"
        if name.endswith(".csv"):
            lines.append(f"{customer},{at},{paid}")
        elif row % 10 == 9:
            lines.append('{"type":"track","event":"Order Completed"}')
        else:
            lines.append(f'{{"type":"track","event":"Order Completed","userId":"{customer}","timestamp":"{at}"}}')
    header = ["customer,at,paid"] if name.endswith(".csv") else []
    path = directory / name
    path.write_text("\n".join(header + lines) + "\n")
    (directory / "mapping.toml").write_text(MAPPING)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["orders.csv", "calls.jsonl"])
def test_a_file_whose_ingest_was_killed_goes_on_where_it_stopped(name: str, tmp_path: Path) -> None:
    file, world, random = written(tmp_path, name), World(lives, tmp_path), Random(4)
    people = [f"user_id:c{customer}" for customer in range(23)]
    with world.store() as (settings, _):
        whole = run_and_kill("ingest", settings, str(file), after=None)
        store = restarted(settings)
        expected, statistics = events_of(store, *people), digests(store)
        refused = store.log.counts()["rejection"]
    assert (sum(expected.values()), refused) == (ROWS * 9 // 10, ROWS // 10)

    resumed = tries = 0
    while not resumed and (tries := tries + 1) <= 25:  # until a kill falls between the first and the last batch
        with world.store() as (settings, _):
            run_and_kill("ingest", settings, str(file), after=random.uniform(0.1, 0.9) * whole.seconds)

            store = restarted(settings)
            receipt = ingest_file(store, str(file), mapping=str(tmp_path / "mapping.toml"), batch=20)
            resumed += 0 < receipt.read < ROWS
            assert receipt.duplicates == 0 or receipt.read == ROWS
            assert events_of(store, *people) == expected
            assert digests(store) == statistics
            assert store.log.counts()["rejection"] >= refused
            assert unsound(store) == []
    assert resumed
