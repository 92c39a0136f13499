"""This process, and whether others of the same machine still run."""

import os
import time
from functools import cache
from hashlib import sha256
from pathlib import Path
from weakref import WeakValueDictionary

from governance.presence import STARTED_BYTES, Presence

UNKNOWN = bytes(STARTED_BYTES)
ENDED = (b"Z", b"X", b"x")
"""States of a process that runs no more (proc(5)): zombie, dead."""


def this_process() -> Presence:
    """On a machine that tells less about its processes, others are waited for longer."""
    return _presence(os.getpid())


@cache
def _presence(pid: int) -> Presence:
    """One of a process, as the leases of all its stores are its own; another one after a fork."""
    fields = _stat(pid)
    started = _ticks(fields) if fields else UNKNOWN
    return Presence(_host(), pid, started, _seconds, time.sleep, is_gone, WeakValueDictionary())


def is_gone(pid: int, started: bytes) -> bool:
    """Whether the process of this number ended, or the number is another's by now; in doubt it runs."""
    fields = _stat(pid)
    if fields:
        return fields[0] in ENDED or _ticks(fields) != started
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's: it runs
        return False
    return False


def _seconds() -> float:
    """Counts while the machine sleeps, which the usual monotonic clock of Linux does not."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def _ticks(fields: list[bytes]) -> bytes:
    """When it began, in ticks since the machine did: field 22 of proc(5)."""
    return int(fields[19]).to_bytes(STARTED_BYTES, "big")


def _stat(pid: int) -> list[bytes]:
    """The fields after the name, which may hold blanks and brackets of its own."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _host() -> bytes:
    """Alike for processes of one boot of one machine that share a table of process numbers, else random."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        table = str(Path("/proc/self/ns/pid").readlink()).encode()
    except OSError:
        return os.urandom(16)
    machine = Path("/etc/machine-id")
    return sha256(b"lethe/host/1" + boot + table + (machine.read_bytes() if machine.exists() else b"")).digest()[:16]
