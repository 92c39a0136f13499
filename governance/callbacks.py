"""Where a recipient is told, and how it knows that it is us: an address that may be called, a signature over bytes."""

import base64
import hmac
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from domain.errors import Refused

PORTS: Final = frozenset({443, 8443})
TOLERANCE_SECONDS: Final = 300
NAT64: Final = IPv6Network("64:ff9b::/96")


class Callback(NamedTuple):
    """An https address that the policy names."""

    host: str
    port: int
    path: str
    is_private_allowed: bool


class Forbidden(Refused):
    """An address that is not called: not https, not in the policy, or inside somebody's network."""


class Forged(Refused):
    """What came in the name of a recipient was not signed with its key just now."""

    def __init__(self) -> None:
        super().__init__("the signature does not hold")


def callback(url: str, *, allow_private: bool) -> Callback:
    """Raises Forbidden for anything but an https address of a host, without credentials, at an allowed port.

    Inside networks (`allow_private`) any port will do.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError as error:
        raise Forbidden("not an address") from error
    if parts.scheme != "https" or not host or "@" in parts.netloc or parts.fragment:
        raise Forbidden("https://HOST/PATH, without credentials and fragment")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise Forbidden("an address of printable ASCII characters")
    if port not in PORTS and not allow_private:
        raise Forbidden("port 443 or 8443")
    found = Callback(host, port, parts.path + (f"?{parts.query}" if parts.query else "") or "/", allow_private)
    try:
        literal = ip_address(host)
    except ValueError:
        return found
    require_public([str(literal)], found)
    return found


def require_public(addresses: list[str], to: Callback) -> None:
    """Raises Forbidden unless every resolved address is one of the public internet, or the policy allows others.

    Loopback, private, link-local, shared (RFC 6598), documentation and multicast ranges are not, whatever they are
    embedded in.
    """
    if not addresses or (not to.is_private_allowed and not all(map(_is_public, addresses))):
        raise Forbidden("the host is not on the public internet")


def secret_text(key: bytes) -> str:
    """A key as recipients' libraries take it (Standard Webhooks)."""
    return "whsec_" + base64.b64encode(key).decode()


def signed(key: bytes, *, notice: str, seconds: int, body: bytes) -> dict[str, str]:
    """Headers that prove who sent these bytes and when (Standard Webhooks 1.0, symmetric)."""
    return {
        "webhook-id": notice,
        "webhook-timestamp": str(seconds),
        "webhook-signature": "v1," + _signature(key, notice, str(seconds), body),
    }


def verify(key: bytes, headers: dict[str, str], body: bytes, *, seconds: int) -> str:
    """The id of what a recipient sent, signed in the same way. `seconds` is now. Raises Forged."""
    notice, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (sent.isascii() and sent.isdecimal()) or abs(seconds - int(sent)) > TOLERANCE_SECONDS:
        raise Forged
    right = _signature(key, notice, sent, body).encode()
    given = [one.removeprefix("v1,").encode() for one in headers.get("webhook-signature", "").split(" ")]
    if not any([hmac.compare_digest(right, one) for one in given]):  # noqa: C419  # in constant time
        raise Forged
    return notice


def _signature(key: bytes, notice: str, seconds: str, body: bytes) -> str:
    content = f"{notice}.{seconds}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in NAT64:
            inner = IPv4Address(address.packed[-4:])
        if inner:
            return _is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved
