"""Replay of everything, beside the bare floor: read, unseal, decode, and nothing else."""

from pathlib import Path
from time import perf_counter
from typing import Any

from adapters.bench import workload
from adapters.settings import Settings
from governance.projecting import rebuild
from governance.sealing import open_body
from governance.store import Store

CHUNK = 2000


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """A log of k 8 and more, rebuilt whole: folded into every projection, states sealed and written."""
    store = workload.make_store(settings, where)
    workload.fill(store, events, max(events // 500, 1), min(20_000, events // 2))
    bodies = store.log.counts()["body"]
    floor = _floor(store)
    began = perf_counter()
    rebuild(store, check=False)
    first = perf_counter() - began  # nothing was folded yet: this catches up once and rebuilds once
    began = perf_counter()
    rebuild(store, check=False)
    seconds = perf_counter() - began
    return {
        "events": events,
        "k": round(events / bodies, 1),
        "events_per_second": round(events / seconds),
        "seconds": round(seconds, 3),
        "catch_up_and_rebuild_seconds": round(first, 3),
        "floor_seconds": round(floor, 3),
        "floor_events_per_second": round(events / floor),
        "ratio": round(seconds / floor, 2),
        "goal": 6,
    }


def _floor(store: Store) -> float:
    with store.keyring.database.reading():
        ids = {one.key_id for one in store.log.read(after=-1, limit=10**9) if one.key_id is not None}
    keys = store.keyring.find(ids)  # cipher objects are made once, before the clock starts
    began, after, events = perf_counter(), -1, 0
    while stored := store.log.read(after=after, limit=CHUNK):
        for one in stored:
            if one.key_id is not None and one.sealed is not None:
                events += len(open_body(keys[one.key_id], one.entry_id, one.sealed).at)
        after = stored[-1].position
    return perf_counter() - began
