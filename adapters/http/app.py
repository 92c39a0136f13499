"""The application: routes, what is around them, what runs beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from adapters import telemetry
from adapters.http import consents, errors, governing, health, profiles, requests, tracking
from adapters.http.desks import Desks, OpenStore
from adapters.http.intake import Intake
from adapters.http.loops import FOLD_SECONDS, Loop, do_duties, fold
from adapters.http.metrics import Metrics
from adapters.http.middleware import Guard
from adapters.http.options import Options, read_options
from adapters.http.parts import Parts
from adapters.settings import Settings, read_settings
from domain.errors import LetheError
from governance.erasure import recover
from governance.receipt import Receipt

STOP_SECONDS = 20.0

ABOUT = """Events in, profiles out, for declared purposes under lawful bases. Errors are RFC 9457 problem details that
also carry `code` and `message`. A caller shows an API key (`lethe key create`) as `Authorization: Bearer KEY`, or as
the name of `Basic`. 错误信息遵循 RFC 9457；请求须出示 API 密钥。"""


def create() -> FastAPI:
    """What the server calls in each worker: everything is named by the environment."""
    telemetry.configure()
    return application(read_settings(), read_options())


def application(settings: Settings, options: Options | None = None) -> FastAPI:
    """The service of one store."""
    options = options or Options()
    metrics = Metrics()
    desks = Desks(settings, threads=options.threads, waiting=options.waiting)
    limiter = FixedWindowRateLimiter(MemoryStorage())
    parts = Parts(options=options, desks=desks, limiter=limiter, rate=parse(options.rate))
    folding = Loop(settings, fold, pause_seconds=FOLD_SECONDS, name="folding")
    intake = Intake(settings, appended=lambda receipt: _appended(metrics, folding, receipt))
    duties = Loop(settings, do_duties, pause_seconds=options.pause_seconds, name="duties")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await desks.run(_recover)
        except LetheError as error:
            telemetry.log().error("duty.failed", error=error)  # readyz says what is missing; the loops try again
        for thread in (intake, folding, duties):
            thread.start()
        telemetry.log().info("server.started")
        yield
        for thread in (intake, duties, folding):
            thread.stop(STOP_SECONDS)
        desks.close()
        telemetry.log().info("server.stopped")

    app = FastAPI(
        title="Lethe", version="1", description=ABOUT, docs_url=None, redoc_url=None, lifespan=lifespan
    )  # the pages of the framework load scripts from elsewhere
    errors.register(app)
    health.register(app, parts, metrics, intake)
    tracking.register(app, parts, intake)
    for routes in (profiles, consents, requests, governing):
        routes.register(app, parts)
    app.add_middleware(Guard, metrics=metrics, body_bytes=options.body_bytes)
    return app


def _appended(metrics: Metrics, folding: Loop, receipt: Receipt) -> None:
    metrics.appends.inc()
    told = receipt.for_client()  # more would tell whose calls are suppressed
    for outcome in ("accepted", "rejected"):
        metrics.calls.labels(outcome).inc(told[outcome])
    folding.wake()


def _recover(opened: OpenStore) -> None:
    recover(opened.store)
