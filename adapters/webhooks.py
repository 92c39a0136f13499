"""One HTTPS request to a recipient: to an address that was checked after it was resolved, and to nowhere else."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection

from governance.callbacks import Callback, require_public
from governance.notifying import Answer

TIMEOUT_SECONDS = 10.0
ADDRESSES = 4


def post(to: Callback, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a notice. Raises Forbidden for a host that resolves into a network which the policy does not allow.

    The connection goes to the very address that was checked: a name that resolves otherwise a moment later reaches
    nobody. Redirects and proxies are not followed; certificates are checked against the host's name.
    """
    try:
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        require_public(addresses, to)
        with _connected(addresses, to) as wire:
            connection = HTTPSConnection(to.host, to.port, timeout=TIMEOUT_SECONDS)
            connection.sock = wire
            connection.request("POST", to.path, body=body, headers={**headers, "connection": "close"})
            answer = connection.getresponse()
            return Answer(answer.status, _seconds(answer.getheader("retry-after")))
    except (OSError, HTTPException, UnicodeError):
        return Answer(0)


def _connected(addresses: Sequence[str], to: Callback) -> ssl.SSLSocket:
    raw = _opened(addresses[:ADDRESSES], to.port)
    try:
        return ssl.create_default_context().wrap_socket(raw, server_hostname=to.host)
    except BaseException:
        raw.close()
        raise


def _opened(addresses: Sequence[str], port: int) -> socket.socket:
    """The first that answers. Raises OSError when none does."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
    return socket.create_connection((addresses[-1], port), timeout=TIMEOUT_SECONDS)


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 9 else 0
