"""What is interrupted goes on where it stopped; what is repeated changes nothing."""

import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli.app import app
from adapters.cli.ingesting import ingest_file
from adapters.settings import read_settings
from adapters.wiring import open_store
from tests.journeys.conftest import Lethe, view

PEOPLE = 20


def calls(count: int) -> list[object]:
    """Calls without message ids: theirs come from the file and the line."""
    return [view(f"p{number % PEOPLE}", "") | {"messageId": None} for number in range(count)]


def taken_in(lethe: Lethe) -> int:
    names = lethe.file("names.txt", *(f"user_id:p{number}" for number in range(PEOPLE)))
    answer = lethe("profile", "--from", names, "--purpose", "service")
    assert answer.status == 0, answer.err
    return sum(profile["activity"]["events"] for profile in answer.lines)


def test_an_interrupted_file_goes_on_where_it_stopped(lethe: Lethe) -> None:
    lethe.json("init")
    file = lethe.file("calls.jsonl", *calls(90))
    store = open_store(read_settings(lethe.environment))
    assert ingest_file(store, file, batch=20, limit=40).read == 40

    rest = lethe.json("ingest", file)

    assert (rest["read"], rest["accepted"], rest["duplicates"]) == (50, 50, 0)
    assert taken_in(lethe) == 90
    assert lethe.json("rebuild", "--check")["differences"] == []


def test_a_file_that_is_taken_in_again_changes_nothing(lethe: Lethe) -> None:
    lethe.json("init")
    file = lethe.file("calls.jsonl", *calls(30))
    lethe.json("ingest", file)
    size = lethe.json("audit", "head")["size"]

    again = lethe.json("ingest", file, file)

    assert (again["read"], again["accepted"], again["duplicates"]) == (60, 0, 60)
    assert lethe.json("audit", "head")["size"] == size
    assert taken_in(lethe) == 30


@pytest.mark.parametrize("other", [{"source": "b"}, {"source": "a", "backfill": True}], ids=["source", "backfill"])
def test_an_interrupted_run_skips_nothing_of_another_one(embedded: Lethe, other: dict[str, Any]) -> None:
    embedded.json("init")
    file = embedded.file("calls.jsonl", *calls(30))
    store = open_store(read_settings(embedded.environment))
    assert ingest_file(store, file, source="a", batch=10, limit=10).read == 10

    assert ingest_file(store, file, batch=10, **other).read == 30
    assert ingest_file(store, file, source="a", batch=10).read == 20


@pytest.mark.parametrize("names", ["-", "names.txt"])
def test_names_that_are_no_text_are_refused_before_anything_is_done(embedded: Lethe, names: str) -> None:
    embedded.json("init")
    raw = b"user_id:1\nuser_id:\xff\n"
    (embedded.place / "names.txt").write_bytes(raw)
    given, file = (raw, "-") if names == "-" else (None, str(embedded.place / names))

    told = CliRunner().invoke(app, ["history", "--from", file], input=given, env=embedded.environment)

    assert (told.exit_code, told.stdout) == (2, "")


@pytest.mark.slow
def test_a_killed_ingest_loses_nothing_and_repeats_nothing(embedded: Lethe) -> None:
    embedded.json("init")
    file = embedded.file("calls.jsonl", *calls(100_000))
    running = embedded.start("ingest", file)
    while not _progress(embedded) and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert running.returncode == -signal.SIGKILL

    rest = embedded.json("ingest", file)

    assert 0 < rest["read"] < 100_000
    assert (rest["accepted"], rest["duplicates"]) == (rest["read"], 0)
    assert taken_in(embedded) == 100_000
    assert embedded.json("audit", "verify")["findings"] == []


def _progress(lethe: Lethe) -> int:
    file = sqlite3.connect(Path(lethe.environment["LETHE_STORE"]) / "log.db", timeout=10)
    found = file.execute("SELECT records FROM progress").fetchone()
    file.close()
    return found[0] if found else 0
