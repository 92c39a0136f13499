"""Erasing one subject from ever larger stores: the time must follow the subject's own events, not the log."""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from adapters.bench import workload
from adapters.settings import Settings
from governance.erasure import erase
from governance.models import train
from governance.projecting import catch_up_to_head
from governance.store import Store

PEOPLE = 5
OWN_EVENTS = 100


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """Stores of 1/100, 1/10 and all of the events; everybody has 100 of his own."""
    sizes = [max(events // 100, 1000), max(events // 10, 1000), events]
    found = [_measure(settings, where / str(place), size) for place, size in enumerate(sizes)]
    return {
        "own_events": OWN_EVENTS,
        "stores": found,
        "ratio": round(found[-1]["seconds"] / found[0]["seconds"], 2),
        "goal": 2,
    }


def _measure(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    store = workload.make_store(settings, where)
    workload.fill(store, events, max(events // OWN_EVENTS, PEOPLE + 1), min(20_000, events // 2))
    catch_up_to_head(store)
    train(store, "bench")
    times = [_one(store, f"user_id:{number:07d}") for number in range(PEOPLE)]
    return {
        "events": events,
        "seconds": round(median(total - scan for total, scan in times), 4),
        "residue_scan_seconds": round(median(scan for _, scan in times), 4),
    }


def _one(store: Store, name: str) -> tuple[float, float]:
    steps: list[tuple[str, float]] = []
    began = perf_counter()
    outcome = erase(store, name, say=lambda step: steps.append((step, perf_counter())))
    ended = perf_counter()
    assert outcome.status == "completed"
    at = dict(steps)
    return ended - began, at["record"] - at["residue"]
