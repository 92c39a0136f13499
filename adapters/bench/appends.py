"""Bulk append, beside a raw insert of identical rows into identical tables and indexes in the same batches."""

from pathlib import Path
from time import perf_counter
from typing import Any

from adapters.bench import workload
from adapters.bench.floors import copied, inserted
from adapters.settings import Settings


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
    floor = copied(where, receipts) if settings.is_server else inserted(where, receipts)
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
