"""Lists of people who are not to be taken in: addresses and phone numbers, in clear or as SHA-256 of a normal form.

The normal forms are those that lists are hashed by. E-mail: without blanks around it, in lower case; dots and tags stay
(California's Delete Act, the DROP's technical specification). Phone: ITU-T E.164 with its plus sign; its digits alone;
and the last ten of them, as the DROP takes them.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

KINDS: Final = ("email", "phone")
MOST_DIGITS, LEAST_DIGITS, DROP_DIGITS = 15, 7, 10
"""E.164 has at most 15 digits; shorter than 7 no number names a person."""

KEEPS_ZERO: Final = frozenset({"39", "378", "225"})
"""Country codes whose national numbers begin with a zero that belongs to them; elsewhere it is a trunk prefix."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=?")


def normal_forms(kind: str, value: str, country: str = "") -> list[str]:
    """The forms under which a list may hold this address or number, the fullest first; none for what names nobody.

    `country` is the calling code of numbers that name none.
    """
    if kind == "email":
        address = value.strip().lower()
        return [address] if "@" in address[1:-1] else []
    if kind != "phone":
        return []
    digits = "".join(one for one in value if one in "0123456789")
    international = _international(value.strip(), digits, country)
    fullest = international or digits
    if not LEAST_DIGITS <= len(fullest) <= MOST_DIGITS:
        return []
    forms = [f"+{international}"] if international else []
    return list(dict.fromkeys([*forms, fullest, digits, fullest[-DROP_DIGITS:]]))


def digests(kind: str, value: str, country: str = "") -> list[bytes]:
    """SHA-256 of each normal form, in their order."""
    return [sha256(form.encode()).digest() for form in normal_forms(kind, value, country)]


def parsed(lines: Iterable[str], *, kind: str, hashed: bool, country: str = "") -> tuple[list[bytes], int]:
    """The digests that a list names, each once, and how many of its lines are none."""
    found: dict[bytes, None] = {}
    refused = 0
    for line in lines:
        digest = _decoded(line.strip()) if hashed else next(iter(digests(kind, line, country)), None)
        if digest is None:
            refused += 1
        else:
            found[digest] = None
    return list(found), refused


def named(identifiers: Sequence[str], country: str) -> dict[bytes, str]:
    """Of these identifiers (`kind:value`) the digests that a list may hold."""
    split = [(one, *one.partition(":")[::2]) for one in identifiers]
    return {digest: one for one, kind, value in split for digest in digests(kind, value, country)}


def _international(value: str, digits: str, country: str) -> str:
    """The digits of the E.164 number; empty for a national number of no known country."""
    if value.startswith("+"):
        return digits
    if value.startswith("00"):
        return digits[2:]
    if not country:
        return ""
    if country == "1" and len(digits) == 11 and digits.startswith("1"):  # North America's trunk prefix is its code
        return digits
    return country + (digits if country in KEEPS_ZERO else digits.removeprefix("0"))


def _decoded(text: str) -> bytes | None:
    """A SHA-256 digest in hexadecimal or base64."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _BASE64.fullmatch(text):
        return base64.urlsafe_b64decode(text.rstrip("=").replace("+", "-").replace("/", "_") + "=")
    return None
