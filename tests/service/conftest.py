"""A service on a free port of this machine, in this process; and what a client of it holds."""

import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import structlog
import uvicorn

from adapters import telemetry
from adapters.http.app import application
from adapters.http.options import Options
from adapters.settings import Settings
from adapters.wiring import open_store
from governance.api_keys import create
from governance.store import Store
from tests.conftest import make_store, settings_for


@dataclass(frozen=True)
class Served:
    """A running service, and the key of a program that may send and read."""

    url: str
    settings: Settings
    key: str

    def get(self, path: str, key: str | None = None, **headers: str) -> httpx.Response:
        shown = self.key if key is None else key
        return httpx.get(self.url + path, headers={"authorization": f"Bearer {shown}", **headers}, timeout=30)

    def post(self, path: str, document: Any, key: str | None = None, **headers: str) -> httpx.Response:
        shown = self.key if key is None else key
        headers = {"authorization": f"Bearer {shown}", **headers}
        return httpx.post(self.url + path, json=document, headers=headers, timeout=30)

    def make_key(self, name: str, role: str, **scopes: Any) -> str:
        secret: str = create(open_store(self.settings), name, role, **scopes)["secret"]
        return secret

    @property
    def store(self) -> Store:
        """As another process has it."""
        return open_store(self.settings)


@pytest.fixture(scope="package", autouse=True)
def told() -> Iterator[io.StringIO]:
    """What the services of these tests say to their operator; as it was afterwards."""
    handlers, stream = logging.getLogger().handlers[:], io.StringIO()
    telemetry.configure(stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers


@contextmanager
def running(settings: Settings, options: Options | None = None) -> Iterator[str]:
    """The address of a service that answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application(settings, options), log_config=None, access_log=False, server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def wait_for(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """The first truth that it says."""
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, "it does not come true"
        time.sleep(0.02)
    return found


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    """On each database."""
    yield from _served(settings)


@pytest.fixture
def embedded(sqlite_settings: Settings) -> Iterator[Served]:
    """Where the database makes no difference."""
    yield from _served(sqlite_settings)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for several tests that leave nothing behind."""
    place = tmp_path_factory.mktemp("shared")
    yield from _served(settings_for(str(place / "store"), place))


def _served(settings: Settings) -> Iterator[Served]:
    store = make_store(settings)
    key = create(store, "shop", "service", source="web")["secret"]
    with running(settings) as url:
        yield Served(url, settings, key)
