"""One value of a table as the type its mapping gives it. None is a spelling of nothing."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from adapters.sources.checks import LARGEST, RECORD_BYTES, SMALLEST
from domain.clock import EPOCH, micros, rfc3339

DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
INTEGER: Final = re.compile(r"[+-]?\d{1,20}", re.ASCII)
AMOUNT_LIMIT: Final = 10**12
EARLIEST: Final = micros(datetime.min.replace(tzinfo=UTC))
LATEST: Final = micros(datetime.max.replace(tzinfo=UTC))
BOOLEANS: Final = {"true": True, "yes": True, "1": True, "t": True, "false": False, "no": False, "0": False, "f": False}
SCALES: Final = {"epoch_s": 1_000_000, "epoch_ms": 1_000}

One = Callable[[Any], Any]


class Refused(Exception):
    """One value is not what its column should hold; `reason` is a code of `domain.calls.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(value: Any) -> str | None:
    """Any scalar; whole floats lose their `.0`, since keys in a column with gaps come so."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int | Decimal):
        return str(value)
    raise Refused("wrong_type")


def _plain(value: str) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:  # bytes that are not in the file's encoding
        raise Refused("wrong_type") from None
    if size > RECORD_BYTES:
        raise Refused("too_large")
    return value


def integer(value: Any) -> int | None:
    """A whole number within 64 bits, as digits or `3.0` too."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, str):
        value = int(value) if INTEGER.fullmatch(value.strip()) else None
    if type(value) is not int:
        raise Refused("wrong_type")
    if not SMALLEST <= value <= LARGEST:
        raise Refused("bad_number")
    return value


def number(value: Any) -> float | int | None:
    """A finite number; floats that are NaN are gaps, as data frames write them."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str):
        if not DECIMAL.fullmatch(value.strip()):
            raise Refused("wrong_type")
        value = float(value)
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("wrong_type")
    if not math.isfinite(value) or (isinstance(value, int) and not SMALLEST <= value <= LARGEST):
        raise Refused("bad_number")
    return value


def amount(value: Any) -> str | float | int | None:
    """Money within 10^12; text stays text, so that no digit is lost."""
    if isinstance(value, float) and math.isnan(value):
        return None
    written = str(value).strip()
    if isinstance(value, bool) or not DECIMAL.fullmatch(written) or abs(Decimal(written)) > AMOUNT_LIMIT:
        raise Refused("bad_amount")
    return value if isinstance(value, int | float) else written


def boolean(value: Any) -> bool:
    """Also true/false, yes/no, t/f, 1/0."""
    found = BOOLEANS.get(text(value) or "") if not isinstance(value, str) else BOOLEANS.get(value.strip().lower())
    if found is None:
        raise Refused("wrong_type")
    return found


def written_time(form: str, timezone: tzinfo) -> One:
    """Reads a time that was written as `form` says: microseconds, or Refused as `bad_time`."""

    def read(value: Any) -> int | None:
        if isinstance(value, float) and math.isnan(value):
            return None
        try:
            if form in SCALES:
                return _bounded(int(Decimal(str(value)) * SCALES[form]))
            stripped = str(value).strip()
            moment = datetime.fromisoformat(stripped) if form == "rfc3339" else _by_form(stripped, form)
            return micros(moment if moment.tzinfo else moment.replace(tzinfo=timezone))
        except (ValueError, ArithmeticError):
            raise Refused("bad_time") from None

    return read


def local_time(timezone: tzinfo) -> One:
    """Reads microseconds of a wall clock in `timezone`; of an hour that came twice, the first."""
    return lambda value: micros((EPOCH + timedelta(microseconds=_bounded(value))).replace(tzinfo=timezone))


def time_text(value: int) -> str:
    """RFC 3339 of microseconds; raises Refused outside the years 1 to 9999."""
    return rfc3339(_bounded(value))


def wrong(_: Any) -> None:
    """No value of the column can be what is asked."""
    raise Refused("wrong_type")


def _by_form(written: str, form: str) -> datetime:
    return datetime.strptime(written, form)  # noqa: DTZ007 (its zone is in the form, or set by the caller)


def _bounded(value: int) -> int:
    if not EARLIEST <= value <= LATEST:
        raise Refused("bad_time")
    return value
