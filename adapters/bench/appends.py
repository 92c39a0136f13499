"""Bulk append, beside a raw insert of identical rows into identical tables and indexes in the same batches."""

import sqlite3
from pathlib import Path
from time import perf_counter
from typing import Any

from adapters.bench import workload
from adapters.settings import Settings
from governance.receipt import Receipt

TABLES = {"entry": 9, "body": 2, "stream": 3}
KEYRING = ("subject", "data_key", "identifier")


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """Two shapes: subjects that come back often (k of 8 and more), and nearly all different (k near 1)."""
    found = {}
    for name, subjects, batch in (("dense", max(events // 200, 1), 16_000), ("sparse", events // 4, 5_000)):
        found[name] = _measure(settings, where / name, events, max(subjects, 1), min(batch, events // 2))
    return found


def _measure(settings: Settings, where: Path, events: int, subjects: int, batch: int) -> dict[str, Any]:
    made = list(workload.calls(events, subjects))
    store = workload.make_store(settings, where)
    from governance.door import recorder

    desk = recorder(store, source="bench", backfill=True)
    began = perf_counter()
    receipts = [desk.record(made[start : start + batch]) for start in range(0, events, batch)]
    seconds = perf_counter() - began
    bodies = store.log.counts()["body"]
    floor = raw_insert(where, receipts)
    return {
        "events": events,
        "batch": batch,
        "k": round(events / bodies, 1),
        "events_per_second": round(events / seconds),
        "seconds": round(seconds, 3),
        "floor_seconds": round(floor, 3),
        "ratio": round(seconds / floor, 2),
        "goal": 4,
    }


def raw_insert(where: Path, receipts: list[Receipt]) -> float:
    """Seconds that sqlite3 needs to insert the same rows, a transaction a batch, as durable as ours."""
    log = _twin(where, "log")
    keyring = _twin(where, "keyring")
    total = 0.0
    for receipt in receipts:
        first, last = receipt.first_position, receipt.last_position
        rows = {name: _between(log, name, "position", first, last) for name in TABLES}
        keys = {name: _between(keyring, name, "born", first, first) for name in KEYRING}
        began = perf_counter()
        _insert(keyring, keys)
        _insert(log, rows)
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
