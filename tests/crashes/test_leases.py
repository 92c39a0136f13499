"""An erasure destroys keys only when every other process has let go of them; a process that stands still has."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import NotFound
from governance.access import Reader
from governance.erasure import erase
from governance.keyring import Keyring
from governance.leases import await_leases
from governance.presence import LEASE_SECONDS, Lease, Presence
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import make_store
from tests.crashes.worlds import ADA, BOB, World, lives, restarted


@dataclass
class Machine:
    """Processes that are only told of: one clock, which goes on when somebody waits."""

    now: float = 100.0
    ended: set[int] = field(default_factory=set)

    def presence(self, pid: int, host: bytes = b"h" * 16) -> Presence:
        return Presence(host, pid, bytes(8), lambda: self.now, self.wait, self.is_gone, WeakValueDictionary())

    def keyring(self, store: Store, pid: int, host: bytes = b"h" * 16) -> Keyring:
        """As another process has it."""
        lease = Lease(store.keyring.database, self.presence(pid, host), os.urandom)
        return Keyring(store.keyring.database, store.keyring.key_store, store.log, lease)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def is_gone(self, pid: int, _: bytes) -> bool:
        return pid in self.ended


def fenced(store: Store) -> None:
    """What every fence does to the number that processes notice."""
    with store.keyring.database.writing() as rows:
        rows.set_number("changes", rows.number("changes") + 1)


def pids(store: Store) -> list[int]:
    with store.keyring.database.reading() as rows:
        return sorted(row.pid for row in rows.leases())


def test_an_erasure_waits_for_who_may_hold_keys_and_for_nobody_else(settings: Settings) -> None:
    """K6, R3: a holder that stands still is waited for until its lease is over, a dead or attentive one is not."""
    machine, made = Machine(), make_store(settings)
    lives(made)
    keys = [row.key_id for row in component(made, find(made, ADA)).keys]
    still, dead, attentive = (machine.keyring(made, pid) for pid in (1, 2, 3))
    elsewhere = machine.keyring(made, 2, host=b"another host told")
    store = restarted(settings)
    store.keyring.lease = Lease(store.keyring.database, machine.presence(9), os.urandom)
    with store.keyring.database.writing() as rows:
        rows.drop_leases(rows.leases())
    for one in (still, dead, attentive, elsewhere):
        assert len(one.find(keys)) == len(keys)
    assert pids(store) == [1, 2, 2, 3]
    with store.keyring.database.reading() as rows:
        read_before = rows.leases()
    fenced(store)
    machine.ended.add(2)
    machine.wait(LEASE_SECONDS / 2)
    attentive.find([])
    with store.keyring.database.writing() as rows:
        rows.drop_leases([row for row in read_before if row.pid == 3])  # it was written anew meanwhile

    assert sorted(row.pid for row in await_leases(store, wait_seconds=0)) == [1, 2]
    assert pids(store) == [1, 2, 3]  # the other host's 2 may live
    began = machine.now
    assert await_leases(store, wait_seconds=60) == []

    assert LEASE_SECONDS <= machine.now - began < LEASE_SECONDS + 0.1
    assert pids(store) == [3]
    fenced(store)
    machine.ended.add(3)
    began = machine.now
    assert await_leases(store, wait_seconds=60) == []
    assert (machine.now, pids(store)) == (began, [])


def test_what_was_kept_under_a_lease_that_is_over_counts_as_forgotten(settings: Settings) -> None:
    """K6: whoever was stopped finds its cache empty, and cannot renew a lease past a fence that it did not notice."""
    machine, store = Machine(), make_store(settings)
    lives(store)
    keys = [row.key_id for row in component(store, find(store, ADA)).keys]
    other = machine.keyring(store, 1)
    with other.database.reading() as rows:
        first = other.notice_changes(rows)
        other.find(keys)
        assert (other.notice_changes(rows), len(other._opened)) == (first, len(keys))
        machine.wait(LEASE_SECONDS)

        assert other.notice_changes(rows) == first + 1

    assert (other._opened, other.lease.is_held()) == ({}, True)
    changes = other._changes
    machine.wait(LEASE_SECONDS)
    fenced(store)
    other.lease.renew(changes)
    assert not other.lease.is_held()
    other.find(keys)
    since, kept = other._emptied, len(other._opened)
    other.lease.end()
    [late] = other.open(component(store, find(store, BOB)).keys[:1], keep=False)
    other.remember(late, since=since)
    assert (kept, other._opened) == (len(keys), {})


def test_under_the_own_append_lock_keys_are_opened_without_waiting_for_a_lease(settings: Settings) -> None:
    """A lease is a write to the keyring, which the append lock holds on SQLite: nothing may wait for itself."""
    store = make_store(settings)
    lives(store)
    keys = [row.key_id for row in component(store, find(store, ADA)).keys]
    fresh = open_store(settings)
    fresh.keyring.lease.end()
    began = time.monotonic()

    with fresh.lock():
        assert len(fresh.keyring.find(keys)) == len(keys)

    assert time.monotonic() - began < 5
    assert fresh.keyring.lease.is_held() == settings.is_server


@pytest.mark.slow
def test_processes_with_warm_caches_let_go_of_an_erased_person(server: str | None, tmp_path: Path) -> None:
    """K6, R3: one is stopped during the erasure and continued afterwards, one idles, one was killed."""
    with World(lives, tmp_path, server).store() as (settings, store):
        with warm(settings) as stopped, warm(settings) as idle, warm(settings) as killed:
            os.kill(stopped.pid, signal.SIGSTOP)
            killed.kill()
            killed.wait()
            began = time.monotonic()

            assert erase(store, ADA, wait_seconds=20).status == "completed"

            assert LEASE_SECONDS - 1 <= time.monotonic() - began < LEASE_SECONDS + 10
            os.kill(stopped.pid, signal.SIGCONT)
            assert told(stopped).endswith("0 found, profile gone")
            assert told(idle) == "0 kept, 0 found, profile gone"
        with pytest.raises(NotFound):
            Reader(restarted(settings), "tester").read(ADA, "personalization")


@contextmanager
def warm(settings: Settings) -> "Iterator[subprocess.Popen[str]]":
    """A process that has Ada's keys opened."""
    place, pipe = str(Path(settings.keys.removeprefix("file:")).parent), subprocess.PIPE
    command = [sys.executable, "-m", "tests.crashes.process", "hold", settings.store, place]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in range(2)] == ["ready", "warm"]
        yield process
    finally:
        process.kill()
        process.wait()


def told(process: "subprocess.Popen[str]") -> str:
    """What it keeps, finds and serves when it is asked."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("now\n")
    process.stdin.flush()
    return process.stdout.readline().strip()
