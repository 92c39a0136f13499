"""The tracking API, as its unmodified clients speak it: what they send, and the answers that they understand."""

import asyncio
import zlib
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import Response
from msgspec import Struct

from adapters.http.desks import OpenStore
from adapters.http.errors import BadBody
from adapters.http.intake import Intake
from adapters.http.parts import Parts, key_in
from adapters.sources.checks import Malformed
from adapters.sources.tracking import BATCH_BYTES, Around, read_body
from domain.calls import Call, Rejection
from governance.api_keys import Known
from governance.roles import require

TYPES: Final = {
    **{name: name for name in ("identify", "track", "page", "screen", "group", "alias")},
    **{name[0]: name for name in ("identify", "track", "page", "screen", "group", "alias")},
    **dict.fromkeys(("batch", "b", "import"), None),
}
"""By the last part of the address: the type that it gives a call; none for those that say it themselves."""

CORS: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": (  # each by name: `*` does not cover Authorization
        "authorization, content-type, content-encoding, x-retry-count, anonymousid, sentat, rsa-api-version, "
        "rsa-client-version, rsa-request-id, sec-gpc"
    ),
    "access-control-max-age": "600",
}
ACCEPTED: Final = b'{"success":true}'
GZIP: Final = 16 + zlib.MAX_WBITS

EXAMPLE: Final = {
    "batch": [
        {
            "type": "track", "userId": "42", "messageId": "m-1", "event": "Product Viewed",
            "timestamp": "2026-01-02T09:05:00Z", "properties": {"product_id": "p7", "category": "tea"},
        }
    ],
    "sentAt": "2026-01-02T09:05:01Z",
}  # fmt: skip
SHAPE: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    },
    "responses": {"200": {"content": {"application/json": {"example": {"success": True}}}}},
}


class Signed(Struct, rename="camel"):
    """Where a key may be in a body."""

    write_key: str | None = None
    batch: "list[Signed] | None" = None


def register(app: FastAPI, parts: Parts, intake: Intake) -> None:
    """Add these routes."""

    async def take(request: Request, name: str) -> Response:
        raw = await request.body()
        is_global_opt_out = request.headers.get("sec-gpc") == "1"
        shown, encoding = key_in(request) or request.query_params.get("writeKey", ""), _encoding(request)

        def read(opened: OpenStore) -> tuple[Known, list[Call], list[Rejection]]:
            known = parts.admit(opened, shown) if shown else None  # before anything is decompressed, where it can be
            body = _plain(raw, encoding)
            known = known or parts.admit(opened, _write_key(body))
            require(opened.acting(known), "ingest")
            return known, *_read(body, name, is_global_opt_out, opened)

        known, calls, rejections = await parts.desks.run(read)
        if calls or rejections:
            await asyncio.wrap_future(intake.put(known, calls, rejections))
        return Response(ACCEPTED, media_type="application/json", headers=CORS)

    for prefix in ("/v1", "/beacon/v1"):
        for name in TYPES:
            _route(app, f"{prefix}/{name}", name, take, is_shown=prefix == "/v1" and len(name) > 1)


def _route(app: FastAPI, path: str, name: str, take: Any, *, is_shown: bool) -> None:
    async def taken(request: Request) -> Response:
        answer: Response = await take(request, name)
        return answer

    for each in (path, f"{path}/"):
        shown = is_shown and each == path
        app.add_api_route(
            each, taken, methods=["POST"], name=f"tracking.{TYPES[name] or 'batch'}", tags=["tracking"],
            summary=f"Take in {'a batch of calls' if TYPES[name] is None else f'one {TYPES[name]} call'}.",
            include_in_schema=shown, openapi_extra=SHAPE, operation_id=f"tracking_{name}" if shown else None,
        )  # fmt: skip
        app.add_api_route(each, _preflight, methods=["OPTIONS"], name="tracking.preflight", include_in_schema=False)


async def _preflight() -> Response:
    return Response(status_code=204, headers=CORS)


def _encoding(request: Request) -> str:
    """Of the content; its type is not asked: clients send JSON under any."""
    return request.headers.get("content-encoding", "").strip().lower()


def _plain(raw: bytes, encoding: str) -> bytes:
    """The body as it was before it was compressed, as far as one may be. Raises BadBody."""
    if encoding in ("", "identity"):
        plain = raw
    elif encoding in ("gzip", "x-gzip"):
        plain = _inflated(raw)
    else:
        raise BadBody("content-encoding", "gzip or none")
    if len(plain) > BATCH_BYTES:
        raise BadBody("body", f"at most {BATCH_BYTES} bytes once it is decompressed")
    return plain


def _inflated(raw: bytes) -> bytes:
    inflating = zlib.decompressobj(GZIP)
    try:
        return inflating.decompress(raw, BATCH_BYTES + 1)  # no more: it may be a bomb
    except zlib.error:
        raise BadBody("body", "gzip, as its content-encoding says") from None


def _write_key(body: bytes) -> str:
    """The key that a body carries: its own, or that of its first call."""
    try:
        found = msgspec.json.decode(body, type=Signed)
    except (ValueError, RecursionError):
        return ""
    return found.write_key or next((one.write_key for one in found.batch or () if one.write_key), "")


def _read(body: bytes, name: str, is_global_opt_out: bool, opened: OpenStore) -> tuple[list[Call], list[Rejection]]:
    around = Around(type=TYPES[name], context={"gpc": True} if is_global_opt_out else None)
    try:
        found = read_body(body, around, is_batch=TYPES[name] is None)
    except Malformed as error:
        raise BadBody(error.field, error.reason) from None
    calls = [_identified(one, opened) for one in found if isinstance(one, Call)]
    return calls, [one for one in found if isinstance(one, Rejection)]


def _identified(call: Call, opened: OpenStore) -> Call:
    """A call without a message id gets one: no file and line could give it another time."""
    return call if call.message_id else msgspec.structs.replace(call, message_id=opened.store.random(16).hex())
