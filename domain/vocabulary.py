"""What an act may say, field by field: how an auditor reads acts, with the standard library alone.

`domain.acts` is how the store writes them. Here every text is an id, a digest, a code or a key name: free text, an
unknown field, and JSON that is not in its canonical form (RFC 8785) are refused.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from domain.errors import LetheError
from domain.note import BadKey, is_key_name, parse_vkey

Shape = Callable[[Any], bool]
Fields = dict[str, Any]

KEYS_AN_ACT: Final = 500
INTENDED: Final = ("erasure_intended", "retention_intended")
EXECUTED: Final = ("erasure_executed", "retention_applied")


class NotAnAct(LetheError):
    """An act is not one of the vocabulary, or not written as acts are."""


def read_act(name: str, text: str) -> Fields:
    """The fields of an act. Raises NotAnAct."""
    form = FORMS.get(name)
    if form is None:
        raise NotAnAct("the vocabulary has no such act")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnAct("the act is no JSON") from None
    if not isinstance(fields, dict) or not form.keys() - OPTIONAL <= fields.keys() <= form.keys():
        raise NotAnAct("the act has other fields than its kind")
    if not all(form[field](value) for field, value in fields.items()):
        raise NotAnAct("a field of the act is not of its kind")
    if json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != text:
        raise NotAnAct("the act is not in its canonical form")
    return fields


def _like(pattern: str) -> Shape:
    fits = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and fits(value) is not None


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


def _epoch(value: Any) -> bool:
    """Months since 1970-01; a clock may stand before it."""
    return type(value) is int and abs(value) < 1 << 31


def _origin(value: Any) -> bool:
    return type(value) is str and is_key_name(value)


def _vkey(value: Any) -> bool:
    try:
        return type(value) is str and bool(parse_vkey(value))
    except BadKey:
        return False


def _all(shape: Shape, most: int = 1 << 16) -> Shape:
    return lambda value: type(value) is list and len(value) <= most and all(map(shape, value))


def _commitments(value: Any) -> bool:
    return (
        _all(lambda pair: type(pair) is list and len(pair) == 2 and ID(pair[0]) and DIGEST(pair[1]), KEYS_AN_ACT)(value)
        and len(value) > 0
        and value == sorted(value)
    )


ID: Final = _like(r"[0-9a-f]{32}")
DIGEST: Final = _like(r"[0-9a-f]{64}")
CODE: Final = _like(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")

_REMOVAL: Final[dict[str, Shape]] = {
    "case": ID, "keys": _all(ID, KEYS_AN_ACT), "entries": _number, "bodies": _number, "root": DIGEST,
    "part": _positive, "parts": _positive, "technique": _all(CODE), "uncovered": _all(CODE), "receipt": DIGEST,
}  # fmt: skip
_EXPIRY: Final = {**_REMOVAL, "class": CODE, "epoch": _epoch}

OPTIONAL: Final = {"since", "receipt"}
"""Left out where it has its default."""

FORMS: Final[dict[str, dict[str, Shape]]] = {
    "genesis": {"schema": _positive, "origin": _origin, "policy": DIGEST},
    "keys_created": {"keys": _commitments},
    "policy_published": {"version": _positive, "hash": DIGEST},
    "notice_published": {"notice": CODE, "version": _positive, "language": CODE, "hash": DIGEST},
    "erasure_intended": _REMOVAL,
    "erasure_executed": _REMOVAL,
    "erasure_refused": {"case": ID, "ground": CODE},
    "retention_intended": _EXPIRY,
    "retention_applied": _EXPIRY,
    "hold_set": {"hold": ID, "classes": _all(CODE), "first": _epoch, "last": _epoch, "ground": CODE, "until": _number},
    "hold_released": {"hold": ID, "cause": CODE},
    "bodies_lost": {"positions": _all(_number), "cause": CODE},
    "generation_rotated": {"old": _number, "new": _number, "since": _positive},
    "signing_key_changed": {"old": _vkey, "new": _vkey},
    "model_trained": {"model": ID, "scorer": CODE, "version": _number, "through": _epoch, "cause": CODE},
    "model_retired": {"model": ID, "cause": CODE},
    "attested": {
        "name": CODE,
        "through": _epoch,
        "digest": _like(r"[0-9a-f]{16}:[0-9a-f]{64}"),
    },  # check of the key: HMAC
    "restored": {"size_from": _number, "root_from": DIGEST, "size_to": _number, "cases": _all(ID)},
    "opened": {"door": CODE, "role": CODE, "reason": CODE, "case": ID},
}
