"""Whether the process lives, whether it may be sent requests, and what it measures."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from adapters.http.desks import OpenStore
from adapters.http.intake import Intake
from adapters.http.metrics import MEDIA, Metrics
from adapters.http.parts import Parts
from domain.errors import LetheError
from governance.erasure import unfinished_cases
from governance.publishing import require_extends
from governance.removals import REMOVING
from governance.suppression import require_loaded


def register(app: FastAPI, parts: Parts, metrics: Metrics, intake: Intake) -> None:
    """Add these routes."""

    @app.get("/healthz", name="healthz", tags=["operations"])
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", name="readyz", tags=["operations"])
    async def readyz() -> Response:
        """Whether requests may be sent here: 503 with what is missing where not."""
        try:
            missing = await parts.desks.run(_missing)
        except LetheError as error:
            missing = [f"store: {error}"]
        if not intake.is_alive():
            missing.append("intake: its thread has ended; start the process again")
        status = 503 if missing else 200
        headers = {"retry-after": "2"} if missing else {}
        return JSONResponse({"ready": not missing, "missing": missing}, status_code=status, headers=headers)

    @app.get("/metrics", name="metrics", tags=["operations"], response_class=Response)
    async def measured(_: Request) -> Response:
        """Counters and gauges for Prometheus."""
        return Response(await parts.desks.run(metrics.text), media_type=MEDIA)


def _missing(opened: OpenStore) -> list[str]:
    """Database, schema versions and keys were asked when the store was opened; what can change since is asked here."""
    store, found = opened.store, []
    with store.keyring.database.reading() as rows:
        store.keyring.secret(rows, "index")  # the keys are readable
    try:
        require_extends(store.log.head(), store.mirror.high_water(), store.log)
    except LetheError:
        found.append("restore: the log is an older copy of itself")
    try:
        require_loaded(store)
    except LetheError:
        found.append("suppression: marks are missing")
    if unfinished_cases(store):
        with store.storage.alone(REMOVING) as nobody_is_at_it:
            if nobody_is_at_it and unfinished_cases(store):
                found.append("erasure: one was interrupted and is not resumed")
    return found
