"""A process that dies at a chosen call: of a port, or of a commit."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import current_thread
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from adapters.sql.keys import SqlKeyRows
from adapters.sql.locked import Locked
from governance.presence import Lease
from governance.store import Store

T = TypeVar("T")


class Crash(BaseException):
    """The process died here."""


class CrashAt:
    """Counts calls, and dies at one of them, by number or the first of a name: the call is lost, or `after` its answer.

    The dead stay dead: every later call dies too, so that no cleanup repairs what a real crash would leave.
    """

    def __init__(self, call: int | str = 0, *, after: bool = False) -> None:
        self.names: list[str] = []
        self.free: list[int] = []  # calls made while nothing was held that another process could wait for
        self._held = 0
        self._call = call
        self._after = after
        self._dead = False

    def passing(self, name: str, effect: Callable[[], T]) -> T:
        """One counted call."""
        if self._dead:
            raise Crash(name)
        self.names.append(name)
        if not self._held and not name.startswith("commit"):
            self.free.append(len(self.names))
        self._dead = self._call in (len(self.names), name)
        if self._dead and not self._after:
            raise Crash(name)
        answer = effect()
        if self._dead:
            raise Crash(name)
        return answer

    def wrap(self, port: Any, name: str) -> Any:
        """The port with every call counted, also those on what its `with` blocks hand out."""
        return _Port(port, name, self)

    def wrap_store(self, store: Store) -> Store:
        """The store with every port wrapped; what only computes (clock, random, signing) is not."""
        log, keyring = self.wrap(store.log, "log"), copy(store.keyring)
        keyring.database = self.wrap(store.keyring.database, "keyring")
        keyring._log = log
        still = store.keyring.lease.presence._replace(clock=lambda: 0.0)  # or calls would depend on how long they take
        keyring.lease = Lease(keyring.database, still, store.random)
        return replace(
            store,
            log=log,
            lock=lambda: self.inside("lock", self.passing("lock", store.lock)),
            keyring=keyring,
            slots=self.wrap(store.slots, "slots"),
            storage=self.wrap(store.storage, "storage"),
            mirror=self.wrap(store.mirror, "mirror"),
        )

    @contextmanager
    def commits(self) -> Iterator[None]:
        """Count every commit too, of whichever database: within one call there may be several."""
        real = Connection.commit

        def commit(connection: Connection) -> None:
            is_file = connection.dialect.name == "sqlite"
            database = Path(str(connection.engine.url.database)).stem if is_file else "server"
            self.passing(f"commit {database}", lambda: real(connection))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "commit", commit)
            yield

    @contextmanager
    def inside(self, name: str, block: AbstractContextManager[Any]) -> Iterator[Any]:
        """A `with` block whose value is wrapped; its commits are counted by `commits`."""
        holds = name not in ("keyring.reading", "storage.together")  # nobody waits for these
        with block as value:
            self._held += holds
            if isinstance(value, Locked):
                yield Locked(self.wrap(value.log, f"{name}.log"), self.wrap(value.keys, f"{name}.keys"))
            else:
                yield self.wrap(value, name) if isinstance(value, SqlKeyRows) else value
        self._held -= holds


class MeetAt(CrashAt):
    """Counts calls alike; before one of them, or the next at which it holds nothing, another process acts."""

    def __init__(self, call: int | str = 0, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._at = call
        self._meanwhile = meanwhile
        self._process = current_thread()
        self.has_met = False

    def passing(self, name: str, effect: Callable[[], T]) -> T:
        if current_thread() is not self._process or self._call == -1:
            return effect()  # a commit of the other process
        is_due = name == self._at if isinstance(self._at, str) else 0 < self._at <= len(self.names) + 1
        if is_due and not self.has_met and not self._held and not name.startswith("commit"):
            self.has_met = True
            self._call = -1
            self._meanwhile()
            self._call = 0
        return super().passing(name, effect)


class _Port:
    """Stands in for any port."""

    def __init__(self, port: Any, name: str, crash: CrashAt) -> None:
        self._port = port
        self._name = name
        self._crash = crash

    def __getattr__(self, attribute: str) -> Any:
        found, name = getattr(self._port, attribute), f"{self._name}.{attribute}"
        if not callable(found):
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            answer = self._crash.passing(name, lambda: found(*arguments, **named))
            return self._crash.inside(name, answer) if isinstance(answer, AbstractContextManager) else answer

        return called


CHANGING = ("commit", "mirror.write", "mirror.add", "storage.overwrite", "key_store.create", "key_store.destroy")
"""Calls that leave something behind. For any other, losing its answer is losing the next call."""


def crash_points(names: list[str], *, thinned: bool = False) -> list[tuple[int, bool]]:
    """(call, after) for a run that made these calls; thinned: the answers of what changes something, alone."""
    calls = enumerate(names, 1)
    answers = [(number, True) for number, name in calls if name.startswith(CHANGING) or number == len(names)]
    return answers if thinned else sorted([*answers, *((number + 1, False) for number in range(len(names)))])


def run_and_crash(store: Store, operation: Callable[[Store], Any], crash: CrashAt) -> None:
    """The operation on a store that dies as `crash` says; without a crash it runs to its end."""
    with crash.commits(), suppress(Crash):
        operation(crash.wrap_store(store))
