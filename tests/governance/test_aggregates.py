"""Aggregates: nobody is singled out, neither in one release nor between two."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import parse_rfc3339
from domain.errors import BadInput
from domain.events import IDENTIFY, OBJECTED
from governance.aggregates import NotForAggregates, release, shown
from governance.erasure import erase
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.store import Store
from governance.subjects import find
from tests.conftest import call, take_in

PEOPLE = 60
LATER = parse_rfc3339("2026-12-02T00:00:00Z")

rules = st.tuples(st.integers(2, 30), st.integers(1, 8)).flatmap(
    lambda rule: st.tuples(st.just(rule[0]), st.just(rule[1]), st.integers(0, rule[0] - 1))
)


@given(rules, st.integers(0, 200), st.lists(st.integers(-9, 9), max_size=30))
def test_what_is_shown_changes_only_after_more_people_than_the_hysteresis(
    rule: tuple[int, int, int], count: int, moves: list[int]
) -> None:
    """D5: whoever compares two releases sees no single erasure."""
    k, hysteresis, dither = rule
    value = shown(count, None, k=k, hysteresis=hysteresis, dither=dither)
    taken_at = count
    for move in moves:
        count = max(count + move, 0)
        after = shown(count, value, k=k, hysteresis=hysteresis, dither=dither)
        if after is not None:
            assert count >= k
            assert after % k == 0
            assert abs(after - count) <= k + hysteresis
        if after != value:
            if value is not None:
                assert abs(count - taken_at) > hysteresis
            value, taken_at = after, count
        elif value is None:
            taken_at = count


def test_nothing_is_shown_of_fewer_than_k_people() -> None:
    """D5 M5: whether a cell shrinks or grows, and wherever its edges are."""
    for k, hysteresis in [(2, 1), (5, 4), (10, 3), (3, 8)]:
        for dither in range(k):
            value, seen = None, set()
            for count in [*range(5 * (k + hysteresis)), *range(5 * (k + hysteresis), -1, -1)]:
                value = shown(count, value, k=k, hysteresis=hysteresis, dither=dither)
                seen.add(value)
                assert value is None or (count >= k and abs(value - count) <= k + hysteresis)
            assert len(seen) > 2


@pytest.mark.slow
def test_a_month_is_counted_once_and_an_erasure_changes_no_later_one(store: Store) -> None:
    """D5 D3 M5: before and after an erasure the counts are the same, in the month and the next."""
    calls = [
        call(number, f"user_id:{number}", kind=IDENTIFY, name="", properties={"city": "Oslo" if number else "Rome"})
        for number in range(PEOPLE)
    ]
    take_in(store, *calls)
    first = release(store, "attribute:city", purpose="research")
    later = replace(store, clock=lambda: LATER)

    erase(store, "user_id:0")
    erase(store, "user_id:1")

    size = store.log.head().size
    assert release(store, "attribute:city", purpose="research") == first
    assert store.log.head().size == size
    again = release(later, "attribute:city", purpose="research")
    assert (first["period"], again["period"]) == ("2026-11", "2026-12")
    assert {**again, "period": ""} == {**first, "period": ""}
    assert set(first["cells"]) == {"Oslo"}, "the one in Rome would be singled out, and so would the name"
    assert (first["suppressed"], abs(first["people"] - PEOPLE) <= 13) == (["*"], True)
    objections = [
        Fact(find(store, f"user_id:{number}"), EVIDENCE, OBJECTED, {"purpose": "research"})
        for number in range(2, PEOPLE - 10)
    ]
    record(store, objections)
    assert release(replace(store, clock=lambda: parse_rfc3339("2027-01-01T00:00:00Z")), "attribute:city",
                   purpose="research")["cells"] == {}  # fmt: skip
    with pytest.raises(NotForAggregates):
        release(store, "segment", purpose="service")
    with pytest.raises(BadInput):
        release(store, "attribute:", purpose="research")
    segments = release(store, "segment", purpose="research")
    assert (segments["cells"], "champion" in segments["suppressed"]) == ({}, True)
