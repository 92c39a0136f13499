"""Runs benchmarks by name and prints what they found."""

import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.bench import appends, audits, erasures, memory, reads, replays
from adapters.settings import Settings
from domain.errors import BadInput

BENCHMARKS: dict[str, Callable[[Settings, Path, int], dict[str, Any]]] = {
    "append": appends.run,
    "replay": replays.run,
    "profile": reads.run,
    "erasure": erasures.run,
    "memory": memory.run,
    "audit": audits.run,
}


def run(settings: Settings, names: list[str], events: int) -> dict[str, Any]:
    """Results by name. Raises BadInput for a benchmark that there is not."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise BadInput("command", "NAME", "one of " + ", ".join(BENCHMARKS))
    found: dict[str, Any] = {}
    for name in names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="lethe-bench-") as directory:
            found[name] = BENCHMARKS[name](settings, Path(directory), events)
        found[name]["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found
