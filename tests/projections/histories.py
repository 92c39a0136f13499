"""Random histories for property tests: late events, merges, several sources and currencies."""

from typing import Any

from hypothesis import strategies as st

from domain.bodies import Body, pack
from domain.clock import DAY
from domain.events import PAGE, Event
from projections.runner import Step, Told
from tests.projections.fakes import happened, identified, linked, merged

SUBJECTS = [bytes([letter]) * 16 for letter in b"ABCDE"]
FIRST_DAY = 19_000

_amounts: st.SearchStrategy[Any] = st.one_of(
    st.integers(-5, 500), st.floats(0, 900), st.sampled_from(["12.345", "x", None, True, 10**15, 1e300])
)
_days = st.integers(FIRST_DAY, FIRST_DAY + 200)


@st.composite
def events(draw: st.DrawFn, arrival: int) -> Event:
    """Behaviour, traits or a link; received up to 60 days late."""
    day, late = draw(_days), draw(st.sampled_from([0, 0, 1, 60]))
    at = day * DAY + draw(st.integers(0, DAY - 1))
    match draw(st.sampled_from(["view", "view", "buy", "buy", "refund", "page", "other", "traits", "link"])):
        case "traits":
            value = draw(st.sampled_from(["Oslo", "Bergen", 3, {"b": 1, "a": [None]}, None]))
            return identified(at, arrival=arrival, source=draw(st.sampled_from(["web", "crm"])), city=value)
        case "link":
            return linked(f"user_id:{draw(st.integers(0, 9))}", at, arrival)
        case "page":
            return happened("", at, kind=PAGE, recorded=at + late * DAY, arrival=arrival)
        case "buy" | "refund" as what:
            name = "Order Completed" if what == "buy" else "Order Refunded"
            said = {"revenue": draw(_amounts), "currency": draw(st.sampled_from(["EUR", "USD", None, 3]))}
        case what:
            name = "Product Viewed" if what == "view" else "Something Else"
            said = {"product_id": draw(st.sampled_from(["p1", 7, None])), "category": draw(st.sampled_from("abc"))}
    return happened(name, at, recorded=at + late * DAY, arrival=arrival, **said)


@st.composite
def bodies(draw: st.DrawFn, first: int) -> Body:
    return pack(first, [draw(events(arrival)) for arrival in range(draw(st.integers(1, 5)))])


@st.composite
def told(draw: st.DrawFn, *, most: int = 14, subjects: int = len(SUBJECTS)) -> list[Step]:
    """Bodies of a few subjects at positions from 0; each subject is merged at most once, so that merges form trees."""
    steps: list[Step] = []
    absorbed: set[bytes] = set()
    for position in range(draw(st.integers(1, most))):
        subject = draw(st.sampled_from(SUBJECTS[:subjects]))
        into = draw(st.sampled_from(SUBJECTS[:subjects]))
        if draw(st.integers(0, 4)) == 0 and subject not in absorbed:
            absorbed.add(subject)
            event = merged(into, (FIRST_DAY + position) * DAY)
            steps.append(Told(position, subject, pack(position, [event])))
        else:
            steps.append(Told(position, subject, draw(bodies(position))))
    return steps
