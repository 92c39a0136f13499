"""Threads that each have the store opened for themselves: what one of them keeps opened, no other touches.

A thread whose store fails opens it again at its next call, so that a database that was away is back by itself.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.http.errors import Busy
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import LetheError, PolicyChanged, Unavailable
from governance.access import Reader
from governance.api_keys import Keys, Known
from governance.caller import Caller
from governance.store import Store, require_policy

T = TypeVar("T")
READERS = 64


class OpenStore:
    """A store, and what one thread keeps beside it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = Keys(store)
        self._readers: dict[tuple[Caller, str], Reader] = {}
        self._changes = -1
        store.keyring.lease.cover(self)

    def let_go(self) -> None:
        """As `governance.presence.Cache` says: identifiers in clear are kept no longer than opened keys."""
        self.store.blinder.forget()

    def notice_changes(self) -> None:
        """Drop what is known of people once somebody was fenced or merged. Raises PolicyChanged for a newer policy."""
        with self.store.keyring.database.reading() as rows:
            require_policy(self.store, rows)
            changes = rows.number("changes")
        if changes != self._changes:
            self.let_go()
            self._changes = changes

    def acting(self, known: Known) -> Store:
        """The store as this caller sees it."""
        return replace(self.store, actor=known.caller.actor, caller=known.caller)

    def reader(self, known: Known) -> Reader:
        """One for each caller; a recipient of the policy reads as one that is outside the house."""
        place = known.caller, known.key.name
        if place not in self._readers:
            if len(self._readers) >= READERS:
                self._readers.clear()
            outside = known.key.name in self.store.policy.recipients
            self._readers[place] = Reader(self.acting(known), known.key.name, outside=outside)
        return self._readers[place]


class Desk:
    """One thread's place: opens the store when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: OpenStore | None = None

    def call(self, act: Callable[[OpenStore], T]) -> T:
        """Do it, once more where a newer policy came in force. Raises Unavailable for a database that is away."""
        try:
            try:
                return act(self._open())
            except PolicyChanged:
                self._opened = None
                return act(self._open())
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            self._opened = None
            raise Unavailable("the database does not answer") from error
        except Unavailable:
            self._opened = None
            raise
        except Exception as error:
            if not isinstance(error, LetheError):
                self._opened = None
            raise

    def _open(self) -> OpenStore:
        """The store under the policy that is in force now: whoever goes on under an older one may take too much."""
        if self._opened is None:
            self._opened = OpenStore(open_store(self._settings))
        self._opened.notice_changes()
        return self._opened


class Desks:
    """A bounded pool of them for the event loop."""

    def __init__(self, settings: Settings, *, threads: int, waiting: int) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lethe-desk")
        self._own = threading.local()
        self._limit = threads + waiting
        self._under_way = 0  # only the loop's thread counts

    async def run(self, act: Callable[[OpenStore], T]) -> T:
        """Have a thread do it. Raises Busy when too many wait already."""
        if self._under_way >= self._limit:
            raise Busy
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._call, act)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Finish what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _call(self, act: Callable[[OpenStore], T]) -> T:
        desk: Desk | None = getattr(self._own, "desk", None)
        if desk is None:
            desk = self._own.desk = Desk(self._settings)
        return desk.call(act)
