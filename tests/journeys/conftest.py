"""The public door, as a person or a script stands before it: arguments in; status, text and JSON out."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.cli.app import app
from adapters.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-11-23T12:00:00Z"
RUN = "from adapters.cli.app import main; main()"


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document that is all of standard output."""
        assert self.out.endswith("\n"), self
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Lethe:
    """`lethe` with its settings in the environment."""

    environment: dict[str, str]
    place: Path = field(default_factory=Path)

    def __call__(self, *arguments: str, given: str | None = None) -> Answer:
        """In this process, as it saves a second a call."""
        nothing = dict.fromkeys((name for name in os.environ if name.startswith("LETHE_")), None)
        ran = CliRunner().invoke(app, arguments, input=given, env={**nothing, **self.environment})
        return Answer(ran.exit_code, ran.stdout, ran.stderr)

    def json(self, *arguments: str, given: str | None = None) -> Any:
        """The document of a command that has to succeed."""
        answer = self(*arguments, "--json", given=given)
        assert answer.status == 0, answer
        return answer.document

    def alone(self, *arguments: str, given: str | None = None) -> Answer:
        """In a process of its own."""
        ran = self.start(*arguments, given=given)
        out, err = ran.communicate(given, timeout=120)
        return Answer(ran.returncode, out, err)

    def start(self, *arguments: str, given: str | None = None) -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LETHE_")}
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments], text=True, cwd=self.place,
            env={**kept, **self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def without(self, *names: str, **more: str) -> "Lethe":
        """With other settings."""
        kept = {name: value for name, value in self.environment.items() if name not in names}
        return replace(self, environment=kept | more)

    def file(self, name: str, *lines: Any) -> str:
        """A file of these lines; what is no text becomes JSON."""
        path = self.place / name
        path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
        return str(path)


def door(settings: Settings, place: Path) -> Lethe:
    """The command line of a store that these settings name."""
    named = {"LETHE_STORE": settings.store, "LETHE_KEYS": settings.keys, "LETHE_ACTOR": "tester", "LETHE_NOW": NOW}
    return Lethe(named, place)


@pytest.fixture
def lethe(settings: Settings, tmp_path: Path) -> Lethe:
    """On each database; nothing is made yet."""
    return door(settings, tmp_path)


@pytest.fixture
def embedded(sqlite_settings: Settings, tmp_path: Path) -> Lethe:
    """Where the database makes no difference."""
    return door(sqlite_settings, tmp_path)


@pytest.fixture
def shop(embedded: Lethe) -> Lethe:
    """An embedded store with two people in it."""
    embedded.json("init")
    embedded.json("ingest", embedded.file("days.jsonl", *days()))
    return embedded


def view(user: str, message: str, **more: Any) -> dict[str, Any]:
    """A tracking call: somebody looked at tea."""
    call = {"type": "track", "userId": user, "messageId": message, "event": "Product Viewed"}
    return {**call, "properties": {"product_id": "p1", "category": "tea"}, **more}


def days() -> list[dict[str, Any]]:
    """What two people did."""
    bought = {"product_id": "p1", "category": "tea", "revenue": "12.50"}
    return [
        {"type": "identify", "userId": "1", "messageId": "a0", "traits": {"city": "Oslo"}},
        view("1", "a1"),
        view("1", "a2", event="Order Completed", properties=bought),
        view("2", "b1"),
        view("2", "b2"),
    ]


class Tables:
    """The tables of a store, by hand: what somebody with the database's password can do."""

    def __init__(self, lethe: Lethe) -> None:
        self._store = lethe.environment["LETHE_STORE"]

    def sql(self, schema: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement, committed; `?` marks a value."""
        if self._store.startswith("postgresql"):
            with psycopg.connect(self._store, autocommit=True) as server:
                server.execute(f"SET search_path TO {schema}")
                done = server.execute(statement.replace("?", "%s"), values)
                return done.fetchall() if done.description else []
        with sqlite3.connect(Path(self._store) / f"{schema}.db", isolation_level=None) as file:
            found = file.execute(statement, values).fetchall()
        file.close()
        return found

    def unguard(self) -> None:
        """Take away the triggers that keep the log append-only."""
        if self._store.startswith("postgresql"):
            for table in ("entry", "tile", "body"):
                self.sql("log", f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return
        for (name,) in self.sql("log", "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.sql("log", f"DROP TRIGGER {name}")


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for PATH with `lethe` in it: this tree, by this interpreter."""
    folder = tmp_path_factory.mktemp("bin")
    shim = folder / "lethe"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -c "{RUN}" "$@"\n')
    shim.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
