"""The command line as a process of its own, so that all it says is seen."""

import os
import subprocess
import sys
from pathlib import Path

from adapters.settings import Settings
from domain.clock import rfc3339

ROOT = Path(__file__).resolve().parents[2]
RUN = "from adapters.cli.app import main; main()"


def lethe(settings: Settings, *arguments: str, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on this store, its clock standing where the settings' clock does."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LETHE_STORE": settings.store,
        "LETHE_KEYS": settings.keys,
        "LETHE_ACTOR": settings.actor,
        "LETHE_NOW": rfc3339(settings.clock()),
        **({} if temporary is None else {"TMPDIR": str(temporary)}),
    }
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
