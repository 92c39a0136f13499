"""Around every request: how large it may be, what is measured and logged of it, headers that its answer carries.

Plain ASGI: a class of the framework's own kind would triple the work of a request (measured).
"""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.errors import TooLarge, answer
from adapters.http.metrics import Metrics
from adapters.telemetry import log

HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
TLS_HEADERS: Final = ((b"strict-transport-security", b"max-age=31536000"),)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Guard:
    """Knows a request by the name of its route: its path may name a person."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._limit = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, received, is_begun = time.perf_counter(), 500, 0, False

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise TooLarge(self._limit)
            return message

        async def guarded(message: Message) -> None:
            nonlocal status, is_begun
            if message["type"] == "http.response.start":
                status, is_begun = message["status"], True
                given = {name for name, _ in message["headers"]}
                ours = HEADERS + TLS_HEADERS if scope["scheme"] == "https" else HEADERS
                message["headers"] = [*message["headers"], *(one for one in ours if one[0] not in given)]
            await send(message)

        try:
            if _announced(scope) > self._limit:  # before anything is read
                await answer(TooLarge(self._limit))(scope, receive, guarded)
            else:
                await self._app(scope, limited, guarded)
        except Exception as error:
            log().error("request.failed", error=error)
            if is_begun:
                raise
            await answer(error)(scope, receive, guarded)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "name", None) or "none"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if route not in ("healthz", "readyz", "metrics"):
            log().info(
                "request.answered", door="http", route=route, method=method.lower(), status_code=status,
                seconds=round(seconds, 4),
            )  # fmt: skip


def _announced(scope: Scope) -> int:
    """The length that a request says it has; 0 where it does not."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(said) if said.isdigit() else 0
