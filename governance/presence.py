"""Who may hold opened keys: a process that keeps noticing fences, by a lease that ends when it stands still.

A lease (Gray and Cheriton, SOSP 1989) is a row of the keyring. Its holder counts its end by its own clock from before
the row was written, so that no two clocks are ever compared.
"""

from collections.abc import Callable
from threading import Lock, Timer
from typing import NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary, ref

from governance.keyrows import KeyDatabase, KeyRows, LeaseRow

LEASE_SECONDS = 3.0
STARTED_BYTES = 8

NEVER = float("-inf")

T = TypeVar("T")


class Presence(NamedTuple):
    """A process, and what it can tell of others."""

    host: bytes  # alike for processes that see each other by number
    pid: int
    started: bytes  # 8 bytes: when it began, as numbers are given again
    clock: Callable[[], float]  # seconds; goes on while the process is stopped and while the machine sleeps
    pause: Callable[[float], None]
    is_gone: Callable[[int, bytes], bool]  # whether the process of this number and beginning has ended
    leases: "WeakValueDictionary[int, Lease]"  # of this process, whichever stores it has opened

    def has_ended(self, row: LeaseRow) -> bool:
        """Whether the holder was a process of this host that is no more."""
        return row.host == self.host and self.is_gone(row.pid, row.process[:STARTED_BYTES])

    def end_leases(self) -> None:
        """Drop what this process keeps opened of any store."""
        _each(self.leases, Lease.end)

    def is_own(self, row: LeaseRow) -> bool:
        """Whether the holder is this very process."""
        return (row.host, row.pid, row.process[:STARTED_BYTES]) == (self.host, self.pid, self.started)


class Cache(Protocol):
    """What holds opened keys between uses."""

    def let_go(self) -> None:
        """Drop them, at the latest after the use that is under way. Another thread may call this at any time."""
        ...


class Lease:
    """This process's leave to keep keys opened; once it has run out, what was kept is dropped before any use."""

    def __init__(self, database: KeyDatabase, presence: Presence, random: Callable[[int], bytes]) -> None:
        self.presence = presence
        self._database = database
        self._process = presence.started + random(16 - STARTED_BYTES)
        self._until = NEVER
        self._caches: WeakValueDictionary[int, Cache] = WeakValueDictionary()
        self._renewing = Lock()
        self._timer: Timer | None = None
        presence.leases[id(self)] = self

    def cover(self, cache: Cache) -> None:
        """Drop this cache too when the lease ends."""
        self._caches[id(cache)] = cache

    def is_held(self) -> bool:
        """Whether what was kept may be used."""
        return self.presence.clock() < self._until

    def renew(self, changes: int, *, patient: bool = False) -> None:
        """Once half of it is over: hold it from now, as one who has noticed so many changes.

        Nothing happens when there were more; nor, unless `patient`, when another transaction holds the keyring (it may
        be the own append). Without a lease keys are opened and not kept.
        """
        now = self.presence.clock()
        if now < self._until - LEASE_SECONDS / 2 or not self._renewing.acquire(blocking=False):
            return
        try:
            with self._database.writing() if patient else self._database.writing_at_once() as rows:
                is_renewed = rows is not None and self._write(rows, changes)
            if is_renewed:
                self._until = now + LEASE_SECONDS
                self._watch()
        finally:
            self._renewing.release()

    def end(self) -> None:
        """Drop everything that was kept."""
        self._until = NEVER
        _each(self._caches, lambda cache: cache.let_go())

    def _write(self, rows: KeyRows, changes: int) -> bool:
        if rows.number("changes") != changes:
            return False
        rows.drop_leases([row for row in rows.leases() if self.presence.has_ended(row)])
        rows.keep_lease(LeaseRow(self._process, self.presence.host, self.presence.pid, changes))
        return True

    def _watch(self) -> None:
        """Have an idle process drop what it keeps: nobody else would."""
        if self._timer is None or not self._timer.is_alive():
            self._timer = Timer(LEASE_SECONDS, _lapse, [ref(self)])
            self._timer.daemon = True
            self._timer.start()

    def lapse(self) -> None:
        """End the lease if it was not renewed, else look again later."""
        self._timer = None
        if self.is_held():
            self._watch()
        else:
            self.end()


def _each(some: WeakValueDictionary[int, T], act: Callable[[T], None]) -> None:
    """Those that are still there; other threads may add to them meanwhile."""
    for one in some.valuerefs():
        found = one()
        if found is not None:
            act(found)


def _lapse(lease: "ref[Lease]") -> None:
    """By a weak reference: a timer keeps no store alive."""
    held = lease()
    if held is not None:
        held.lapse()
