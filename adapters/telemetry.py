"""What the store tells its operator: JSON lines whose names, fields and values all come from closed lists.

Lines carry no time: the moment of an append is an exact time of a subject. Whoever collects the lines stamps them.
"""

import logging
import math
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

EVENTS: Final = frozenset(
    {
        "audit.finished",
        "backup.made",
        "bodies.purged",
        "duty.done",
        "duty.failed",
        "entries.appended",
        "erasure.executed",
        "erasure.intended",
        "erasure.partial",
        "erasure.refused",
        "keys.rotated",
        "library.spoke",  # a library wrote to the standard library's logging; its text is not repeated
        "model.retired",
        "model.trained",
        "policy.published",
        "projection.caught_up",
        "projection.rebuilt",
        "records.read",
        "records.rejected",
        "request.answered",
        "request.failed",
        "restore.applied",
        "retention.applied",
        "server.started",
        "server.stopped",
        "store.opened",
        "store.recovered",
    }
)
"""What a line may be about. Extended here, by hand."""

NUMBERS: Final = frozenset(
    {
        *("accepted", "attempt", "batch", "bodies", "bytes", "count", "duplicates", "entries", "exit"),
        *("first_position", "keys", "last_position", "position", "processes", "read", "rejected", "seconds"),
        *("size", "status_code", "suppressed", "through_position", "version"),
    }
)
"""Fields that hold a number or a truth value, and nothing else."""

TOKENS: Final = frozenset(
    {
        *("act", "backend", "code", "command", "door", "duty", "logger", "method", "outcome", "projection", "purpose"),
        *("reason", "retention", "role", "route", "scorer", "stage", "status", "technique"),
    }
)
"""Fields that hold a word of a vocabulary of ours. Never put anything there that came from outside."""

ERROR: Final = "error"
"""The one field that takes an exception, and shows its class only."""

LIMIT: Final = 2**53  # What JSON readers keep exact.
# At most three digits: words of ours have few, identifiers and digests many.
TOKEN: Final = re.compile(r"(?!(?:[^0-9]*[0-9]){4})[a-z0-9_.-]{1,40}")

HIDDEN: Final = "-"
"""Stands where a value was that may not be shown."""


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send lines at or above the level to the stream (standard error), and silence what libraries log by themselves."""
    import structlog

    structlog.configure(
        processors=[_admit, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    _mute_libraries()


def log() -> "FilteringBoundLogger":
    """The logger; never unguarded, for it configures itself when nobody did."""
    import structlog

    if not structlog.is_configured():
        configure()
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def admitted(fields: Mapping[str, object]) -> dict[str, object]:
    """Only what the lists allow: forbidden keys are counted as `dropped`, forbidden values become "-"."""
    kept: dict[str, object] = {}
    dropped = 0
    for key, value in fields.items():
        if key in ("exc_info", ERROR):
            if value:
                kept[ERROR] = _class_name(value)
        elif key in NUMBERS:
            kept[key] = value if _is_number(value) else HIDDEN
        elif key in TOKENS:
            kept[key] = value if isinstance(value, str) and TOKEN.fullmatch(value) else HIDDEN
        else:
            dropped += 1
    return kept | ({"dropped": dropped} if dropped else {})


def _admit(_: object, method: str, line: MutableMapping[str, Any]) -> dict[str, object]:
    event = line.pop("event", None)
    return {"level": method, "event": event if isinstance(event, str) and event in EVENTS else HIDDEN, **admitted(line)}


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) < LIMIT


def _class_name(value: object) -> str:
    if value is True:
        value = sys.exc_info()[1]
    if isinstance(value, tuple):
        value = value[1] if len(value) > 1 else None
    return type(value).__name__ if isinstance(value, BaseException) else HIDDEN


def _mute_libraries() -> None:
    # Without a handler of ours, warnings of libraries would reach standard error word for word.
    handler = logging.StreamHandler()
    handler.name = "lethe"
    handler.setLevel(logging.WARNING)
    handler.addFilter(_say_that_it_spoke)
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if one.name != handler.name] + [handler]


def _say_that_it_spoke(record: logging.LogRecord) -> bool:
    report = log().error if record.levelno >= logging.ERROR else log().warning
    report("library.spoke", logger=record.name.lower(), error=record.exc_info)
    return False  # The record itself goes no further.
