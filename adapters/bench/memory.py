"""Peak memory of ingest and rebuild, each size in a process of its own: it must not follow the length of the log."""

import multiprocessing
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.bench import workload
from adapters.settings import Settings
from governance.projecting import catch_up_to_head, rebuild

LIMIT_MB = 600
BATCH = 20_000


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """A quarter of the events, then all of them; 200 events a subject."""
    sizes = [max(events // 4, 1000), events]
    peaks = [_measured(settings, where / str(size), size) for size in sizes]
    return {"events": sizes, "process_peak_mb": peaks, "ratio": round(peaks[1] / peaks[0], 2), "goal_mb": LIMIT_MB}


def _measured(settings: Settings, where: Path, events: int) -> int:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=_work, args=(replace(settings, clock=int), where, events, answers))
    child.start()
    peak: int = answers.get()
    child.join()
    return peak


def _work(settings: Settings, where: Path, events: int, answers: Any) -> None:
    store = workload.make_store(settings, where)
    workload.fill(store, events, max(events // 200, 1), min(BATCH, events))
    catch_up_to_head(store)
    rebuild(store, check=True)
    answers.put(_peak_mb())


def _peak_mb() -> int:
    """Of this program alone: what `getrusage` says begins with the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
