"""The data subject's receipt: 128 random bits that tie a person to an erasure which names nobody.

It is shown when the request is opened, and never stored. The case and its acts carry its SHA-256: a digest of
something random that nobody can guess, unlike one of personal data, tells nothing to who does not have it.
"""

import base64
import binascii
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from domain.errors import BadInput

RECEIPT_BYTES: Final = 16


def new_receipt(random: Callable[[int], bytes]) -> str:
    """26 characters of RFC 4648 base32 in groups of four."""
    text = base64.b32encode(random(RECEIPT_BYTES)).decode().rstrip("=")
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def digest_of(receipt: str) -> str:
    """SHA-256 of the random bits, in hex; spaces, dashes and case do not matter. Raises BadInput for no receipt."""
    text = "".join(receipt.split()).replace("-", "").upper()
    try:
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != RECEIPT_BYTES or base64.b32encode(secret).decode().rstrip("=") != text:
        raise BadInput("command", "--receipt", "the 26 letters and digits of a receipt")
    return sha256(secret).hexdigest()
