"""Empty stores by the dozen: one is made for each backend, and every example gets a copy."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from governance.store import Store
from tests.conftest import BACKENDS, make_store, new_database, settings_for

_copies = count()


@dataclass(frozen=True)
class Blank:
    """An empty store to copy. All copies have the same keys, and know nothing of each other."""

    backend: str
    original: Settings
    directory: Path  # holds the keys, and the embedded store

    @contextmanager
    def copy(self) -> Iterator[Store]:
        """A store of its own, gone when the block ends."""
        with self.settings() as settings:
            yield open_store(settings)

    @contextmanager
    def settings(self) -> Iterator[Settings]:
        """Where a copy is, for a test that opens it more than once."""
        directory = self.directory.with_name(f"{self.directory.name}-{next(_copies)}")
        shutil.copytree(self.directory, directory)
        if self.backend == "sqlite":
            yield settings_for(str(directory / "store"), directory)
        else:
            address = self._copy_database(directory.name.replace("-", "_"))
            yield settings_for(address, directory)
            self._server(f"DROP DATABASE {_name(address)} WITH (FORCE)")
        shutil.rmtree(directory)

    def examples(self, embedded: int, server: int) -> int:
        """How many examples a property is worth here: the server is slower, and most code is shared."""
        return embedded if self.backend == "sqlite" else server

    def _copy_database(self, name: str) -> str:
        template = _name(self.original.store)
        self._server(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.original.store.replace(f"/{template}?", f"/{name}?")

    def _server(self, statement: str) -> None:
        server = self.original.store.replace(f"/{_name(self.original.store)}?", "/postgres?")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [_name(self.original.store)],
            )
            connection.execute(statement.encode())


@pytest.fixture(scope="session", params=BACKENDS)
def blank(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blank:
    """An empty store on each backend."""
    directory = tmp_path_factory.mktemp(f"blank_{request.param}") / "copy"
    directory.mkdir()
    if request.param == "sqlite":
        settings = settings_for(str(directory / "store"), directory)
    else:
        settings = settings_for(new_database(request.getfixturevalue("postgres")), directory)
    make_store(settings)
    return Blank(request.param, settings, directory)


@pytest.fixture
def store(blank: Blank) -> Iterator[Store]:
    """A copy, as it is quicker than a store that is made."""
    with blank.copy() as found:
        yield found


def _name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]
