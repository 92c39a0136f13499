"""Locks between processes that end with who holds them: no clock is asked, and none of a dead process is left.

Embedded: `flock` on a file in the store's directory. Server: advisory locks of a session of its own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from adapters.sql.engine import reading


@contextmanager
def held(engine: Engine, directory: Path | None, name: str, *, shared: bool) -> Iterator[bool]:
    """Shared: waits, and is true. Alone: whether nobody else holds it; false at once where somebody does."""
    if directory is None:
        with _session(engine) as connection, _advised(connection, name, shared) as is_held:
            yield is_held
        return
    descriptor = os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(descriptor, shared)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _session(engine: Engine) -> Iterator[Connection]:
    with reading(engine) as connection:  # no transaction stays open: it would hold back the vacuum of an erasure
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _advised(connection: Connection, name: str, shared: bool) -> Iterator[bool]:
    key = int.from_bytes(sha256(f"lethe/{name}".encode()).digest()[:8], "big", signed=True)
    if shared:
        connection.execute(select(func.pg_advisory_lock_shared(key)))
        is_held = True
    else:
        is_held = bool(connection.execute(select(func.pg_try_advisory_lock(key))).scalar())
    try:
        yield is_held
    finally:
        if is_held:
            release = func.pg_advisory_unlock_shared if shared else func.pg_advisory_unlock
            connection.execute(select(release(key)))
