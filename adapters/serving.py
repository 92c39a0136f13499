"""Starts the HTTP server. It names the application by text, as each worker imports it for itself."""

import os
import shutil
import tempfile
from pathlib import Path

from adapters.settings import Settings

APPLICATION = "adapters.http.app:create"
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
GRACE_SECONDS = 10


def serve(
    settings: Settings, *, host: str, port: int, workers: int, certificate: Path | None = None, key: Path | None = None
) -> None:
    """Serve until a signal says otherwise; requests under way are answered first."""
    import uvicorn

    os.environ.update(LETHE_STORE=settings.store, LETHE_KEYS=settings.keys, LETHE_ACTOR=settings.actor)
    os.umask(0o077)
    counters = Path(tempfile.mkdtemp(prefix="lethe-counters-")) if workers > 1 else None
    if counters is not None:
        os.environ[COUNTERS] = str(counters)
    try:
        uvicorn.run(
            APPLICATION, factory=True, host=host, port=port, workers=workers, access_log=False, log_config=None,
            server_header=False, timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=certificate, ssl_keyfile=key,
        )  # fmt: skip
    finally:
        if counters is not None:
            shutil.rmtree(counters, ignore_errors=True)
