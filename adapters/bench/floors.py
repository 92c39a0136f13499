"""What a database alone needs for the rows of an append: same tables, same indexes, same batches, as durable."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from governance.receipt import Receipt

LOG = ("entry", "body", "stream")
KEYRING = ("subject", "data_key", "identifier")


def inserted(where: Path, receipts: Sequence[Receipt]) -> float:
    """Seconds of sqlite3's executemany, a transaction a batch in each of the two files."""
    log, keyring = _twin(where, "log"), _twin(where, "keyring")
    total = 0.0
    for one in receipts:
        rows = {name: _between(log, name, "position", one.first_position, one.last_position) for name in LOG}
        keys = {name: _between(keyring, name, "born", one.first_position, one.first_position) for name in KEYRING}
        began = perf_counter()
        _insert(keyring, keys)
        _insert(log, rows)
        total += perf_counter() - began
    return total


def copied(where: Path, receipts: Sequence[Receipt]) -> float:
    """Seconds of binary COPY on PostgreSQL, a transaction a batch."""
    import psycopg

    address = (where / "address").read_text(encoding="utf-8")
    total = 0.0
    with psycopg.connect(address) as connection:
        connection.execute("CREATE SCHEMA floor")
        places = [(f"log.{name}", "position") for name in LOG] + [(f"keyring.{name}", "born") for name in KEYRING]
        for table, _ in places:
            connection.execute(f"CREATE TABLE floor.{table.partition('.')[2]} (LIKE {table} INCLUDING ALL)")
        connection.commit()
        for one in receipts:
            batch = []
            for table, column in places:
                last = one.last_position if column == "position" else one.first_position
                query = f"SELECT * FROM {table} WHERE {column} BETWEEN %s AND %s"
                found = connection.execute(query, (one.first_position, last), binary=True)
                types = [column.type_code for column in found.description or ()]
                batch.append((table.partition(".")[2], types, found.fetchall()))
            connection.commit()
            began = perf_counter()
            for name, types, rows in batch:
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY floor.{name} FROM STDIN (FORMAT BINARY)") as copy,
                ):
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
            connection.commit()
            total += perf_counter() - began
    return total


def _twin(where: Path, name: str) -> sqlite3.Connection:
    """An empty database with the same tables, indexes and settings; the filled one is attached as `source`."""
    twin = sqlite3.connect(where / f"{name}-floor.db", isolation_level=None)
    twin.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;")
    twin.execute("ATTACH ? AS source", (str(where / "store" / f"{name}.db"),))
    for (statement,) in twin.execute(
        "SELECT sql FROM source.sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        twin.execute(statement)
    return twin


def _between(twin: sqlite3.Connection, table: str, column: str, first: Any, last: Any) -> list[Any]:
    return twin.execute(f"SELECT * FROM source.{table} WHERE {column} BETWEEN ? AND ?", (first, last)).fetchall()


def _insert(twin: sqlite3.Connection, rows: dict[str, list[Any]]) -> None:
    twin.execute("BEGIN IMMEDIATE")
    for table, some in rows.items():
        if some:
            twin.executemany(f"INSERT INTO main.{table} VALUES ({', '.join('?' * len(some[0]))})", some)
    twin.execute("COMMIT")
