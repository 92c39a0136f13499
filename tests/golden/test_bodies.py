"""The stored bytes of a body: what is on disk today must read the same for as long as the store is kept."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.bodies import Body, pack
from domain.events import PAGE, TRACK, Event

EVENTS = [
    Event(TRACK, "Product Viewed", 1000, 2000, 0, "web", "m1", {"product_id": "p1", "price": 1.5}, {}, 990, 995, 1),
    Event(TRACK, "Product Viewed", 1001, 2000, 1, "web", "m2", {"product_id": "p2", "price": 2}, {}, None, 995, 1),
    Event(PAGE, "home", 1002, 2000, 2, "web", "m3", {}, {"ip": "::1"}, 1002, 995, 1),
]
STORED = (
    "9c01079295a7747261636b2f31ae50726f6475637420566965776564a37765620192aa70726f647563745f6964a5707269636595a67061"
    "67652f31a4686f6d65a377656201909300000193cd03e8cd03e9cd03ea91cd07d09300010293a26d31a26d32a26d339392a27031cb3ff8"
    "00000000000092a27032029093808081a26970a33a3a3193cd03dec0cd03ea91cd03e3"
)
ALIKE = "9c01009195a7747261636b2f31a141a17301909100910590910091a16d919091809091c0"

values = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text())
times = st.integers(0, 2**50)


@st.composite
def events(draw: st.DrawFn) -> Event:
    return Event(
        draw(st.sampled_from([TRACK, PAGE])),
        draw(st.text(max_size=3)),
        draw(times),
        draw(times),
        draw(st.integers(0, 99)),
        draw(st.sampled_from(["web", "app"])),
        draw(st.text(max_size=3)),
        draw(st.dictionaries(st.text(max_size=2), values, max_size=3)),
        draw(st.dictionaries(st.text(max_size=2), values, max_size=2)),
        draw(st.one_of(st.none(), times)),
        draw(st.one_of(st.none(), times)),
        draw(st.integers(0, 3)),
    )


def test_a_body_is_written_as_ever() -> None:
    assert msgspec.msgpack.encode(pack(7, EVENTS)).hex() == STORED
    assert msgspec.msgpack.encode(pack(0, [Event(TRACK, "A", 5, 5, 0, "s", "m", {}, {}, 5, None, 1)])).hex() == ALIKE


def test_a_body_of_that_day_reads_as_the_events_it_was_made_of() -> None:
    assert msgspec.msgpack.decode(bytes.fromhex(STORED), type=Body).events == EVENTS


@given(st.lists(events(), min_size=1, max_size=6))
def test_what_is_packed_reads_back_the_same(told: list[Event]) -> None:
    stored = msgspec.msgpack.encode(pack(0, told))

    assert list(map(repr, msgspec.msgpack.decode(stored, type=Body).events)) == list(map(repr, told))
