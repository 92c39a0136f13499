"""Reading profiles, beside a raw row read, unsealed, plus one durable row for the disclosure."""

import sqlite3
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from adapters.bench import workload
from adapters.settings import Settings
from governance.access import Reader
from governance.models import train
from governance.projecting import serving
from governance.store import Store
from governance.subjects import find_all

READS = 200
MANY = 500


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """One by one (each its own durable disclosure), and many at a time."""
    store = workload.make_store(settings, where)
    subjects = max(events // 200, MANY)
    workload.fill(store, events, subjects, min(20_000, events // 2))
    train(store, "bench")
    names = [f"user_id:{number:07d}" for number in range(MANY)]
    reader = Reader(store, "bench")
    reader.read(names[0], "personalization")
    single = median(_seconds(lambda name=name: reader.read(name, "personalization")) for name in names[:READS])
    many = _seconds(lambda: reader.read_many(names, "personalization")) / MANY
    floor = _floor(store, where, names[:READS])
    return {
        "events_per_profile": round(events / subjects),
        "single_us": round(single * 1e6),
        "floor_us": round(floor * 1e6),
        "ratio": round(single / floor, 2),
        "many_us_per_profile": round(many * 1e6),
    }


def _floor(store: Store, where: Path, names: list[str]) -> float:
    found = find_all(store, names)
    slot = serving(store)
    disclosures = sqlite3.connect(where / "floor.db", isolation_level=None)
    disclosures.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (value BLOB);")

    def once(subject: bytes) -> None:
        slot.load([subject])
        disclosures.execute("INSERT INTO row VALUES (?)", (bytes(300),))

    return median(_seconds(lambda name=name: once(found[name])) for name in names)


def _seconds(call: Any) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began
