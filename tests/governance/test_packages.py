"""Packages: what their file promises, and that nobody else is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.clock import DAY
from domain.errors import BadInput
from governance.package_file import Expired, WrongCode, expiry, is_expired, open_package, seal_package
from governance.redaction import REMOVED, Redactor, own_values
from tests.conftest import NOW

FILES = {"profile.json": b'{"city": "Oslo"}\n', "events.jsonl": b""}
KINDS = ("user_id", "anonymous_id", "email", "phone")


def random(count: int) -> bytes:
    return bytes(range(count))


def test_a_package_opens_under_its_code_until_it_expires() -> None:
    """S10."""
    sealed = seal_package(FILES, expires=NOW + DAY, random=random)

    assert open_package(sealed.content, sealed.code.lower().replace("-", " "), now=NOW) == FILES
    assert expiry(sealed.content[:200]) == NOW + DAY
    assert (is_expired("a.lethe", sealed.content, now=NOW), is_expired("a.lethe", b"?", now=NOW)) == (False, None)
    with pytest.raises(Expired):
        open_package(sealed.content, sealed.code, now=NOW + DAY)
    with pytest.raises(BadInput):
        open_package(b"PK", sealed.code, now=NOW)
    for code in ("", "no code", sealed.code[:-4] + "AAAA", sealed.code[:-5]):
        with pytest.raises(WrongCode):
            open_package(sealed.content, code, now=NOW)


@given(some.integers(min_value=0), some.integers(1, 255))
def test_a_package_that_was_changed_anywhere_opens_no_more(place: int, flip: int) -> None:
    """S10: the day in the header cannot be moved either."""
    sealed = seal_package(FILES, expires=NOW + DAY, random=random)
    changed = bytearray(sealed.content)
    changed[place % len(changed)] ^= flip

    with pytest.raises((WrongCode, BadInput, Expired)):
        open_package(bytes(changed), sealed.code, now=NOW)


def test_other_people_leave_and_the_person_stays() -> None:
    own = own_values(["user_id:42", "email:Ada@x.example"], [("phone", "+47 22 22 22 22"), ("city", "Oslo")], KINDS)
    redactor = Redactor(own, KINDS)
    told = {
        "user_id": "42",
        "referrerUserId": 77,
        "emails": ["ada@x.example"],
        "friend_email": ["bob@b.example", "ADA@x.example"],
        "note": "ada@x.example wrote to <bob@b.example>, call +47 22222222 or +1 (212) 555-0100.",
        "product_id": "77",
        "price": 12.5,
        "paid": True,
        "nested": {"phone": "5550100", "city": "Oslo"},
    }

    cleaned = redactor.clean(told)

    assert cleaned == told | {
        "referrerUserId": REMOVED,
        "friend_email": [REMOVED, "ADA@x.example"],
        "note": f"ada@x.example wrote to <{REMOVED}>, call +47 22222222 or {REMOVED}.",
        "nested": {"phone": REMOVED, "city": "Oslo"},
    }
    assert redactor.removed == 5
