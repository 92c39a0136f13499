"""Why the fast decoder refused a line: looked for only then, field by field."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

TEXTS: Final = ("type", "event", "name", "category")
IDENTIFIERS: Final = ("userId", "anonymousId", "previousId", "groupId", "messageId")
TIMES: Final = ("timestamp", "originalTimestamp", "sentAt")
OBJECTS: Final = ("properties", "traits", "context")
NOT_JSON: Final = ("record", "not_json")


def explain(raw: bytes) -> tuple[str, str]:
    """(field, reason) of the first thing that is wrong; never a value of the line."""
    try:
        document = json.loads(raw)
        return next(_problems(document), NOT_JSON) if isinstance(document, dict) else NOT_JSON
    except RecursionError:
        return "record", "too_deep"
    except ValueError:
        return NOT_JSON


def _problems(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    present = {key: value for key, value in document.items() if value is not None}
    for name in TEXTS:
        if not isinstance(present.get(name, ""), str):
            yield name, "wrong_type"
    for name in IDENTIFIERS:
        if type(present.get(name, "")) not in (str, int):
            yield name, "wrong_type"
    for name in TIMES:
        if name in present and not _is_time(present[name]):
            yield name, "bad_time"
    for name in OBJECTS:
        value = present.get(name, {})
        if not isinstance(value, dict):
            yield name, "wrong_type"
        elif not _is_finite(value):
            yield f"{name}.*", "bad_number"
    if not isinstance(present.get("batch", []), list):
        yield "batch", "wrong_type"
    if not _is_finite(present):
        yield "record", "bad_number"


def _is_time(value: Any) -> bool:
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return False
    return isinstance(value, str)


def _is_finite(node: Any) -> bool:
    if isinstance(node, dict):
        return all(map(_is_finite, node.values()))
    if isinstance(node, list):
        return all(map(_is_finite, node))
    return not isinstance(node, float) or math.isfinite(node)
