"""When a subject request must be answered: statutory periods, counted in months, days and working days."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from domain.errors import BadInput

WorkingDay = Callable[[date], bool]
"""Whether people work on a date: neither weekend nor public holiday, or a weekend made up for one."""

Unit = Literal["months", "days", "working_days"]


class Term(NamedTuple):
    """A period from the receipt of a request; the day of receipt itself does not count."""

    length: int
    unit: Unit
    rolls: bool = False  # an end on a day off moves to the next working day


class Terms(NamedTuple):
    """What one law gives for one kind of request."""

    answer: Term
    extended: Term | None  # from receipt too, when an extension was told in time
    confirm: Term | None = None  # of the receipt


GDPR: Final = Terms(Term(1, "months", rolls=True), Term(3, "months", rolls=True))
"""GDPR Art. 12(3), counted as Regulation 1182/71 Art. 3 says (EDPB Guidelines 01/2022)."""

CCPA: Final = Terms(Term(45, "days"), Term(90, "days"), Term(10, "working_days"))
"""11 CCR § 7021: confirm in 10 business days, answer in 45 calendar days, once 45 more with notice."""

OPT_OUT: Final = Terms(Term(15, "working_days"), None)
"""11 CCR §§ 7026(f), 7027(g): to opt out of sale and sharing, to limit the use of what is sensitive."""

PIPL: Final = Terms(Term(30, "days"), None)
"""GB/T 35273-2020, 8.7: 30 days. PIPL Art. 50 itself says promptly."""

CLOSING: Final = Terms(Term(15, "working_days"), None)
"""GB/T 35273-2020, 8.5: an account is closed within 15 working days; erasing a whole person is no less."""

LAWS: Final[dict[str, dict[str, Terms]]] = {
    "gdpr": {"": GDPR},
    "ccpa": {"": CCPA, "objection": OPT_OUT, "restriction": OPT_OUT},
    "pipl": {"": PIPL, "erasure": CLOSING},
}
"""By jurisdiction, then by kind of request; the empty kind is every other."""


class Deadlines(NamedTuple):
    """Last days, each to its end; None where the law has no such step."""

    confirm: date | None
    due: date
    extended: date | None


def deadlines(received: date, kind: str, jurisdiction: str, *, works: WorkingDay, days: int | None = None) -> Deadlines:
    """The last days for a request; `days` is the controller's own, shorter promise. KeyError for an unknown law."""
    laws = LAWS[jurisdiction]
    terms = laws.get(kind, laws[""])
    due = last_day(received, terms.answer, works)
    return Deadlines(
        terms.confirm and last_day(received, terms.confirm, works),
        due if days is None else min(due, received + timedelta(days=days)),
        terms.extended and last_day(received, terms.extended, works),
    )


def last_day(received: date, term: Term, works: WorkingDay) -> date:
    """The day with whose end a period ends.

    Months end on the day of the same number, or on the month's last where there is none (Reg. 1182/71 Art. 3(2)(c)).
    """
    if term.unit == "working_days":
        return _working_days(received, term.length, works)
    end = received + timedelta(days=term.length) if term.unit == "days" else _months(received, term.length)
    while term.rolls and not works(end):
        end += timedelta(days=1)
    return end


def working_days(place: str) -> WorkingDay:
    """Working days of a country (`DE`), or of a part of one (`US-CA`); empty: all but Saturday and Sunday.

    Raises BadInput for a place whose holidays are not known.
    """
    if not place:
        return lambda day: day.weekday() < 5
    import holidays  # reads whole calendars of a country when it is imported

    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None).is_working_day
    except NotImplementedError as error:
        raise BadInput("policy", "requests.holidays", "a country's code such as DE, or US-CA") from error


def _months(start: date, count: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _working_days(start: date, count: int, works: WorkingDay) -> date:
    day = start
    while count:
        day += timedelta(days=1)
        count -= works(day)
    return day
