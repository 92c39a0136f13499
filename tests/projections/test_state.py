import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bodies import Body, pack
from domain.clock import DAY
from domain.errors import Damaged
from domain.events import TRACK, Event
from projections import population, sequence
from projections.state import State, decode, empty, encode, merge
from projections.telling import tell
from tests.projections.fakes import CONFIG, body, bought, happened, identified, linked
from tests.projections.histories import FIRST_DAY, bodies

GOLDEN = (
    "99019daf4f7264657220436f6d706c65746564ae50726f6475637420566965776564a3555344a462656572a9696e74657265"
    "737473a46c617374b16e6578745f70757263686173655f333064a27031a27032a3726f77a87375626a65637473a677656967"
    "6874a477696e65929194aa757365725f69643a3432cf0005d506c8dd00000700909192a4636974799195a3776562cf0005d5"
    "06c8dd0000070182a16102a1620195cf0005d510d7c8b000dc00180100000000000000000000000100000000000000000000"
    "00929300cd4a38019301cd4a3a0192cd4a3801919302cd4a38ce000186a0929303cd4a3a01930ccd4a38049acf0005d510d7"
    "c8b00007020007cf0000001e2cc31000000301089394cd4a3802010192cd4a380192cd4a38ce000186a09293049592910a91"
    "0392910a910c91910b92910b910392910b910c95010105010493069a929105cd4a3a939109cd0271cdab4c939109cd0272cd"
    "ab4c939109cd0272cdb130939109cd0274cdb130939109cd0274cdb5b8939109cd0277cdb5b8939109cd0277cdbb9e939109"
    "cd027dcdbb9e939109cd027dcdc1849a0101ff01ff01ff01ff01"
)


def folded(*told: Body) -> State:
    state = empty()
    for one in told:
        tell(state, one, CONFIG)
    return state


def test_what_comes_late_leaves_the_receipt_of_what_follows_in_the_same_hour() -> None:
    at = FIRST_DAY * DAY + 10 * DAY // 24
    late = Event(TRACK, "seen", at, at + 2 * DAY, 0, "web", "a", {}, {})
    prompt = Event(TRACK, "seen", at + 60, at + 60, 1, "web", "b", {}, {})

    assert folded(pack(0, [late, prompt])).ledger.events == {FIRST_DAY + 2: 1, FIRST_DAY: 1}
    assert folded(pack(0, [prompt, late])).ledger.events == {FIRST_DAY + 2: 1, FIRST_DAY: 1}


@given(st.lists(st.tuples(*[st.sampled_from([0, 1, DAY // 24, DAY])] * 2), min_size=1, max_size=6))
def test_a_body_says_what_its_events_say_one_by_one(moments: list[tuple[int, int]]) -> None:
    """Events of one hour are counted together: only those that were received on one day may be."""
    events = [
        happened("Product Viewed", FIRST_DAY * DAY + at, recorded=FIRST_DAY * DAY + at + late, arrival=n, category="a")
        for n, (at, late) in enumerate(moments)
    ]

    assert encode(folded(body(*events))) == encode(folded(*(body(one) for one in events)))


def several() -> st.SearchStrategy[list[Body]]:
    return st.integers(1, 7).flatmap(lambda n: st.tuples(*(bodies(first) for first in range(n))).map(list))


@given(several(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_any_grouping_of_bodies_gives_the_same_bytes(
    told: list[Body], chance: random.Random, data: st.DataObject
) -> None:
    expected = encode(folded(*told))
    chance.shuffle(told)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=3)))
    groups = [folded(*told[start:end]) for start, end in pairwise([0, *cuts, len(told)])]

    left = empty()
    for group in groups:
        merge(left, group)
    right = empty()
    for group in reversed(groups):
        merge(right, group)

    assert encode(left) == expected
    assert encode(right) == expected


@given(several())
def test_a_row_read_back_is_the_same_row_and_folds_on_alike(told: list[Body]) -> None:
    half = len(told) // 2
    state = folded(*told[:half])
    population.settle([state], population.fresh(), CONFIG)
    again = decode(encode(state))

    assert encode(again) == encode(state)
    assert again.contributed == state.contributed
    for one in told[half:]:
        tell(state, one, CONFIG)
        tell(again, one, CONFIG)
    assert encode(again) == encode(state)


def test_only_the_newest_events_are_kept_whatever_came_first() -> None:
    told = [body(happened("page view", n * DAY), first=n) for n in range(400)]
    shuffled = random.Random(3).sample(told, len(told))

    assert encode(folded(*shuffled)) == encode(folded(*told))
    steps = folded(*shuffled).sequence
    sequence.settle(steps)
    assert [step[1] for step in steps] == list(range(400 - sequence.NEWEST, 400))


def test_a_refund_on_the_same_day_leaves_no_trace_of_money() -> None:
    refund = happened("Order Refunded", 9 * DAY, revenue=10)

    state = decode(encode(folded(body(bought(9), refund))))

    assert state.activity.spend == {}
    assert state.activity.purchases == {9: 1}


def test_sums_beyond_64_bits_are_kept_exactly() -> None:
    huge = [bought(9, revenue=10**12) for _ in range(2000)]

    state = decode(encode(folded(body(*huge))))

    assert state.activity.spend == {"USD": {9: 2000 * 10**16}}
    assert state.ledger.spend == {9: 2000 * 10**16}


def test_a_sum_beyond_64_bits_leaves_what_was_said_as_it_was() -> None:
    said = identified(1, big=2**64 - 1, small=-(2**63), list=[2**63])
    state = folded(body(said), body(*[bought(9, revenue=10**12) for _ in range(2000)], first=1))
    population.settle([state], population.fresh(), CONFIG)

    again = decode(encode(state))

    assert again.attributes == state.attributes
    assert (again.activity, again.ledger, again.contributed) == (state.activity, state.ledger, state.contributed)


def test_traits_of_none_and_amounts_that_are_none_say_nothing() -> None:
    state = folded(body(identified(1, city="Oslo")), body(identified(2, city=None), bought(3, revenue="lots"), first=1))

    assert state.attributes == {"city": {"web": ((1, 0, 0), "Oslo")}}
    assert state.activity.spend == {"USD": {3: 0}}


def test_products_of_an_order_each_name_an_interest() -> None:
    order = bought(3, products=[{"category": "wine"}, {"category": 7}, {"category": None}, "junk"])

    assert folded(body(order)).interests == {"wine": {3: 4}, "7": {3: 4}}


def test_an_encoded_state_never_changes_its_format_unnoticed() -> None:
    state = folded(
        body(
            linked("user_id:42", FIRST_DAY * DAY),
            identified(FIRST_DAY * DAY, arrival=1, city={"b": 1, "a": 2}),
            bought(FIRST_DAY, arrival=2, product_id="p1", category="wine"),
            happened("Product Viewed", (FIRST_DAY + 2) * DAY, arrival=3, product_id="p2", category="beer"),
            first=7,
        )
    )
    population.settle([state], population.fresh(), CONFIG)

    assert encode(state).hex() == GOLDEN


def test_a_stub_only_names_the_subject_that_absorbed_it() -> None:
    assert encode(State(into=b"B" * 16)).hex() == "9201c410" + "42" * 16
    assert decode(encode(State(into=b"B" * 16))).into == b"B" * 16


@pytest.mark.parametrize("row", [b"", b"\xc1", b"\x92\x02\xc4\x00", b"\x91\x01", b"\x93\x01\x90\x90"])
def test_what_is_no_state_of_this_format_is_damaged(row: bytes) -> None:
    with pytest.raises(Damaged):
        decode(row)


def test_a_busy_state_stays_small() -> None:
    chance = random.Random(5)
    orders = [
        bought(
            FIRST_DAY + chance.randrange(250),
            arrival=arrival,
            product_id=f"sku-{chance.randrange(3000)}",
            category=f"category {chance.randrange(100)}",
            revenue=round(chance.random() * 100, 2),
        )
        for arrival in range(600)
    ]
    state = folded(body(*orders))
    population.settle([state], population.fresh(), CONFIG)

    assert len(encode(state)) <= 12_000
