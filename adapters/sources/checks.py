"""What a record may not hold, whichever format it came in."""

import re
from typing import Any, Final

from domain.identifiers import CHARACTERS, PLACEHOLDERS
from domain.identifiers import is_blocked as is_blocked  # for tables, which import every rule from here

RECORD_BYTES: Final = 32 * 1024
MAX_DEPTH: Final = 8
MAX_KEYS: Final = 512
SMALLEST: Final = -(2**63)
LARGEST: Final = 2**64 - 1

KIND: Final = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.-]{0,63}")


class Malformed(Exception):
    """A record breaks a rule; becomes a `Rejection` where the record number is known."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def identifier(kind: str, value: str | int, field: str) -> str:
    """`kind:value`, with the value as it was sent. Raises Malformed naming `field`."""
    text = value if value.__class__ is str else str(value)
    if text.strip().lower() in PLACEHOLDERS or len(text) > CHARACTERS:
        raise Malformed(field, "blocked_identifier")
    return f"{kind}:{text}"


def check_nested(node: dict[str, Any], field: str) -> None:
    """Raises Malformed for more than 8 levels, more than 512 keys in all, or an integer beyond 64 bits."""
    _keys_left(node, field, MAX_DEPTH, MAX_KEYS)


def _keys_left(node: dict[Any, Any], field: str, levels: int, keys: int) -> int:
    keys -= len(node)
    if levels == 0 or keys < 0:
        raise Malformed(field, "too_deep")
    for value in node.values():
        kind = value.__class__
        if kind is str or kind is float:  # most are: asked first
            continue
        if kind is int:
            if not SMALLEST <= value <= LARGEST:
                raise Malformed(field, "bad_number")
        elif kind is dict:
            keys = _keys_left(value, field, levels - 1, keys)
        elif kind is list:  # a level like any other, but its places are no keys
            keys = _keys_left(dict(enumerate(value)), field, levels - 1, keys + len(value))
    return keys
