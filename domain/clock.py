"""Time as integers: microseconds and days since 1970-01-01 UTC, and their RFC 3339 spelling."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()

Clock = Callable[[], int]
"""Returns the current time in microseconds; passed in, never called for inside a rule."""


def micros(moment: datetime) -> int:
    """Exact microseconds of an aware datetime."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def now() -> int:
    """The system's clock: what `adapters.wiring` passes in as the `Clock`."""
    return micros(datetime.now(UTC))


def rfc3339(at: int) -> str:
    """UTC with as many fraction digits as needed: none, three or six."""
    moment = EPOCH + timedelta(microseconds=at)
    spec = "seconds" if at % SECOND == 0 else "milliseconds" if at % 1000 == 0 else "microseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def parse_rfc3339(text: str) -> int:
    """Raises ValueError for anything that is no date-time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def day_of(at: int) -> int:
    """Days since 1970-01-01, as UTC counts them."""
    return at // DAY


@lru_cache(maxsize=4096)
def day_name(day: int) -> str:
    """The ISO date of a day number."""
    return date.fromordinal(EPOCH_ORDINAL + day).isoformat()


@lru_cache(maxsize=4096)
def month_of(day: int) -> int:
    """Months since 1970-01: the epoch of a retention class, and the grid of training cut-offs."""
    then = date.fromordinal(EPOCH_ORDINAL + day)
    return (then.year - 1970) * 12 + then.month - 1


@lru_cache(maxsize=4096)
def first_day(month: int) -> int:
    """The day number on which a month begins."""
    return date(1970 + month // 12, month % 12 + 1, 1).toordinal() - EPOCH_ORDINAL
