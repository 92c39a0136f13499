"""Statutory deadlines: the vectors of the laws, and what holds of any date."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.errors import BadInput
from governance.deadlines import LAWS, deadlines, working_days

PLAIN = working_days("")

VECTORS = [
    # received, kind, law, calendar -> confirm, due, extended
    ("2026-03-05", "access", "gdpr", "", None, "2026-04-06", "2026-06-05"),  # 5 April is a Sunday
    ("2026-03-05", "access", "gdpr", "DE", None, "2026-04-07", "2026-06-05"),  # then Easter Monday
    ("2026-08-31", "access", "gdpr", "", None, "2026-09-30", "2026-11-30"),  # September has no 31st
    ("2026-01-31", "erasure", "gdpr", "", None, "2026-03-02", "2026-04-30"),  # 28 February is a Saturday
    ("2028-01-31", "access", "gdpr", "", None, "2028-02-29", "2028-05-01"),  # a leap year; 30 April is a Sunday
    ("2026-11-30", "access", "gdpr", "", None, "2026-12-30", "2027-03-01"),  # 28 February is a Sunday
    ("2026-12-15", "portability", "gdpr", "", None, "2027-01-15", "2027-03-15"),  # into the next year
    ("2026-11-23", "access", "ccpa", "US-CA", "2026-12-09", "2027-01-07", "2027-02-21"),  # Thanksgiving, two days
    ("2026-11-23", "access", "ccpa", "", "2026-12-07", "2027-01-07", "2027-02-21"),
    ("2026-11-23", "objection", "ccpa", "", None, "2026-12-14", None),  # to opt out: 15 business days
    ("2026-11-23", "restriction", "ccpa", "", None, "2026-12-14", None),
    ("2026-01-30", "access", "pipl", "CN", None, "2026-03-01", None),
    ("2026-02-06", "erasure", "pipl", "CN", None, "2026-03-05", None),  # Spring Festival; its weekends made up for
    ("2026-02-06", "erasure", "pipl", "", None, "2026-02-27", None),
]


@pytest.mark.parametrize(("received", "kind", "law", "place", "confirm", "due", "extended"), VECTORS)
def test_each_law_gives_its_days(
    received: str, kind: str, law: str, place: str, confirm: str | None, due: str, extended: str | None
) -> None:
    """G12."""
    found = deadlines(date.fromisoformat(received), kind, law, works=working_days(place))

    assert [day and day.isoformat() for day in found] == [confirm, due, extended]


def test_a_promise_shortens_what_the_law_gives_and_never_lengthens_it() -> None:
    received = date(2026, 3, 5)

    assert deadlines(received, "access", "gdpr", works=PLAIN, days=14).due == date(2026, 3, 19)
    assert deadlines(received, "access", "gdpr", works=PLAIN, days=90).due == date(2026, 4, 6)


def test_a_calendar_that_nobody_knows_is_refused() -> None:
    for place in ("QQ", "DE-XX"):
        with pytest.raises(BadInput, match=r"requests\.holidays"):
            working_days(place)


@given(some.dates(date(2020, 1, 1), date(2090, 1, 1)), some.sampled_from(sorted(LAWS)))
def test_a_later_request_is_never_due_earlier(received: date, law: str) -> None:
    one = deadlines(received, "access", law, works=PLAIN)
    next_ = deadlines(received + timedelta(days=1), "access", law, works=PLAIN)

    assert received < one.due <= next_.due
    assert one.extended is None or one.due < one.extended
    assert law != "gdpr" or PLAIN(one.due)
