"""What the routes share, and how a request shows who it is from."""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import Response
from limits import RateLimitItem
from limits.strategies import FixedWindowRateLimiter

from adapters.http.desks import Desks, OpenStore
from adapters.http.errors import TooMany
from adapters.http.options import Options
from domain.clock import parse_rfc3339
from domain.errors import BadInput
from governance.access import AsOf
from governance.api_keys import Known
from governance.store import Store

MEDIA = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once in each process."""

    options: Options
    desks: Desks
    limiter: FixedWindowRateLimiter
    rate: RateLimitItem

    def admit(self, opened: OpenStore, shown: str) -> Known:
        """Who shows this key. Raises NotAuthenticated, and TooMany beyond the key's rate."""
        known = opened.keys.admit(shown)
        if not self.limiter.hit(self.rate, known.key.key):
            reset = self.limiter.get_window_stats(self.rate, known.key.key).reset_time
            raise TooMany(int(reset - time.time()) + 1)
        return known

    async def answer(self, request: Request, act: Callable[[Store, Known], Any], *, status: int = 200) -> Response:
        """What a governance call says to the one who asks, as the policy knows him."""
        shown = key_in(request)

        def acted(opened: OpenStore) -> bytes:
            known = self.admit(opened, shown)
            return msgspec.json.encode(act(opened.acting(known), known))

        return Response(await self.desks.run(acted), status_code=status, media_type=MEDIA)


def key_in(request: Request) -> str:
    """The API key of a request: `Bearer KEY`, or `Basic` with the key as the name, as tracking clients send it."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def moment(text: str | None, field: str) -> int | None:
    """A time in microseconds. Raises BadInput."""
    try:
        return None if text is None else parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise BadInput("request", field, "a time in RFC 3339") from None


def as_of_from(text: str | None) -> AsOf | None:
    """A position or a time. Raises BadInput for neither."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return AsOf(position=int(text))
    return AsOf(time=moment(text, "as_of"))


def identifier_from(text: str) -> str:
    """Raises BadInput for what is no `kind:value`."""
    kind, colon, value = text.partition(":")
    if not (kind and colon and value):
        raise BadInput("request", "identifier", "kind:value, such as user_id:42")
    return text


def hex_from(text: str, field: str) -> bytes:
    """The id of a request or a hold. Raises BadInput for one that is none."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 16:
        raise BadInput("request", field, "32 hex digits, as they were answered before")
    return found
