"""The tables of a store as files, all of one moment, and files as the tables of a store.

Embedded: `VACUUM INTO`, as `backup()` would copy freed cells (measured). Server: binary COPY of one snapshot.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, text

from adapters.sql.engine import Databases, reading
from adapters.sql.log import read_head
from adapters.sql.schema import KEYRING, LOG, PROJECTIONS, body, entry, rejection, stream, tile
from domain.log import Head

TABLES = {"log": LOG, "keyring": KEYRING, "projections": PROJECTIONS}
FROZEN = {entry.name, body.name, stream.name, tile.name}
"""Tables that are empty where there is no store, some of which let nobody delete."""

BLOCK = 1 << 20


def dump(databases: Databases, directory: Path, schemas: Sequence[str]) -> tuple[Head, list[str]]:
    """Write these schemas into a directory, durably; returns the log's head in them, and the names of the files.

    Embedded stores must be under the append lock meanwhile.
    """
    if databases.is_server:
        head, names = _copy_out(databases, directory, schemas)
    else:
        with reading(databases.log) as connection:
            head = read_head(connection)
        names = [f"{schema}.db" for schema in schemas]
        for name, engine in zip(("log", "keyring", "projections"), databases, strict=True):
            if name in schemas:
                with engine.connect() as connection:
                    connection.exec_driver_sql("VACUUM INTO ?", (str(directory / f"{name}.db"),))
    for name in names:
        (directory / name).chmod(0o600)
        _sync(directory / name)
    _sync(directory)
    return head, names


def place(backup: Path, directory: Path, schemas: Sequence[str]) -> None:
    """Copy the files of an embedded store to where it is to be; the log comes last: with it there is a store."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for schema in sorted(schemas, key="log".__eq__):
        target = directory / f"{schema}.db"
        for rest in (f"{target}-wal", f"{target}-shm"):  # of an older file of this name
            Path(rest).unlink(missing_ok=True)
        draft = directory / f"{schema}.db.new"
        shutil.copyfile(backup / target.name, draft)
        _sync(draft)
        draft.replace(target)
        _sync(directory)


def fill(databases: Databases, backup: Path, schemas: Sequence[str]) -> None:
    """Copy the files into the migrated, empty schemas of a server, in one transaction."""
    with reading(databases.log) as connection:
        for schema in schemas:
            for table in TABLES[schema].sorted_tables:
                if table.name not in FROZEN:
                    connection.execute(delete(table))
                if (backup / _file(schema, table)).exists():  # an older schema had fewer tables
                    _copy_in(connection, table, backup / _file(schema, table))
        newest = connection.execute(select(func.max(rejection.c.id))).scalar()
        if newest is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('log.rejection', 'id'), :newest)"), {"newest": newest}
            )
        connection.commit()


def _copy_out(databases: Databases, directory: Path, schemas: Sequence[str]) -> tuple[Head, list[str]]:
    names = []
    with databases.log.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        head = read_head(connection)  # the snapshot of everything that follows
        for schema in schemas:
            for table in TABLES[schema].sorted_tables:
                names.append(_file(schema, table))
                driver: Any = connection.connection.driver_connection
                query = f"COPY {_target(table)} TO STDOUT (FORMAT BINARY)"
                with driver.cursor() as cursor, cursor.copy(query) as copy, (directory / names[-1]).open("wb") as file:
                    for block in copy:
                        file.write(block)
    return head, names


def _copy_in(connection: Connection, table: Table, path: Path) -> None:
    driver: Any = connection.connection.driver_connection
    query = f"COPY {_target(table)} FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(query) as copy, path.open("rb") as file:
        while block := file.read(BLOCK):
            copy.write(block)


def _target(table: Table) -> str:
    return f'{table.schema}."{table.name}"'


def _file(schema: str, table: Table) -> str:
    return f"{schema}.{table.name}.copy"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
