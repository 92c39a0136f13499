"""What lies under the tables: old pages overwritten and checked, files that a residue scan reads."""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Engine, text

from adapters.sql.alone import held
from adapters.sql.engine import Databases, reading
from domain.errors import WaitingForReader

PAUSE_SECONDS = 0.05


class SqlStorage:
    """Erased rows leave the pages too: `secure_delete` and a truncated WAL, or a rewritten heap."""

    def __init__(self, databases: Databases, directory: Path | None) -> None:
        self._databases = databases
        self._directory = directory

    @property
    def technique(self) -> list[str]:
        """Codes for the certificate."""
        common = ["key_destroyed", "body_deleted"]
        if self._databases.is_server:
            return [*common, "heap_rewritten"]
        return [*common, "secure_delete", "wal_truncated"]

    @property
    def uncovered(self) -> list[str]:
        """Codes for what overwriting cannot reach; key rotation is for these."""
        common = ["backups", "storage_medium"]
        return (
            [*common, "server_dead_rows", "server_wal", "server_wal_archive", "replicas"]
            if self._databases.is_server
            else common
        )

    def overwrite(self, *, wait_seconds: float) -> None:
        """Raises WaitingForReader when someone still reads the old pages after this time."""
        if self._databases.is_server:
            _rewrite(self._databases.keyring, "keyring")
            return
        _truncate(self._databases, wait_seconds)

    def rewrite(self, *, wait_seconds: float) -> None:
        """Raises WaitingForReader as `overwrite`; the server's heap is rewritten by that already."""
        if self._databases.is_server:
            return
        with self._databases.keyring.connect() as connection:
            connection.exec_driver_sql("VACUUM")
        _truncate([self._databases.keyring], wait_seconds)

    def paths(self) -> Sequence[Path]:
        """Every file of the store, and directories that cannot be listed; none where the server is elsewhere.

        The server's WAL is declared as not covered.
        """
        root, passed_over = self._directory, ""
        if root is None:
            passed_over = "pg_wal"
            with reading(self._databases.log) as connection:
                root = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        return sorted(_files_below(root, passed_over)) if os.path.lexists(root) else []

    def alone(self, name: str) -> AbstractContextManager[bool]:
        return held(self._databases.log, self._directory, name, shared=False)

    def together(self, name: str) -> AbstractContextManager[bool]:
        return held(self._databases.log, self._directory, name, shared=True)


def _files_below(root: Path, passed_over: str) -> list[Path]:
    unlisted: list[OSError] = []
    found = []
    for folder, folders, names in os.walk(root, onerror=unlisted.append):
        folders[:] = [name for name in folders if name != passed_over]
        found += [Path(folder, name) for name in names]
        found += [link for name in folders if (link := Path(folder, name)).is_symlink()]  # tablespaces
    return found + [Path(error.filename) for error in unlisted]


def _truncate(engines: Iterable[Engine], wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    for engine in engines:
        while not _truncated(engine):
            if time.monotonic() > deadline:
                raise WaitingForReader("a reader keeps old pages of a database; close it and run the erasure again")
            time.sleep(PAUSE_SECONDS)


def _truncated(engine: Engine) -> bool:
    """Whether the WAL was copied back whole and cut to nothing: the busy flag says so, the file's size proves it."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
        busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        connection.exec_driver_sql("PRAGMA busy_timeout=120000")
    wal = Path(f"{engine.url.database}-wal")
    return busy == 0 and (not wal.exists() or wal.stat().st_size == 0)


def _rewrite(engine: Engine, schema: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"), {"schema": schema}
        ).scalars()
        for name in sorted(names):
            connection.execute(text(f'VACUUM FULL {schema}."{name}"'))
        connection.execute(text("CHECKPOINT"))
