"""What the routes share, and how a request shows who it is from."""

import base64
import binascii
import time
from dataclasses import dataclass

from fastapi import Request
from limits import RateLimitItem
from limits.strategies import FixedWindowRateLimiter

from adapters.http.desks import Desks, Opened
from adapters.http.errors import TooMany
from adapters.http.options import Options
from governance.api_keys import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once in each process."""

    options: Options
    desks: Desks
    limiter: FixedWindowRateLimiter
    rate: RateLimitItem

    def admit(self, opened: Opened, shown: str) -> Known:
        """Who shows this key. Raises NotAuthenticated, and TooMany beyond the key's rate."""
        known = opened.keys.admit(shown)
        if not self.limiter.hit(self.rate, known.key.key):
            reset = self.limiter.get_window_stats(self.rate, known.key.key).reset_time
            raise TooMany(int(reset - time.time()) + 1)
        return known


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
