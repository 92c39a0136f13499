from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.meaning import AMOUNT_SCALE, Meaning
from projections.amounts import LARGEST, amount_of, decimal_text, fixed, times

ORDER = Meaning(action="purchase", amount="revenue", price="price", quantity="quantity", products="products")
BOUND = 10**12


def exactly(text: str) -> int:
    with localcontext(prec=400) as context:
        context.rounding = ROUND_HALF_EVEN
        return int((Decimal(text) * AMOUNT_SCALE).to_integral_value())


@given(st.floats(-BOUND, BOUND))
@example(0.00005)
@example(0.00015)
@example(1.00005)
@example(99_999_999_999.9999)
@example(1e-320)
def test_a_float_is_the_decimal_that_it_is_written_as(value: float) -> None:
    assert fixed(value) == exactly(repr(value))


@given(st.integers(-BOUND * AMOUNT_SCALE, BOUND * AMOUNT_SCALE))
def test_four_decimal_places_survive_as_float_and_as_text_where_a_float_holds_them(scaled: int) -> None:
    text = str(Decimal(scaled) / AMOUNT_SCALE)

    assert fixed(text) == scaled
    if abs(scaled) < 10**15:
        assert fixed(float(text)) == scaled


@given(st.decimals(-BOUND, BOUND, allow_nan=False, allow_infinity=False))
def test_a_decimal_string_is_rounded_half_even_once(value: Decimal) -> None:
    assert fixed(str(value)) == exactly(str(value))


@pytest.mark.parametrize(
    "value",
    [True, False, None, [], {}, "", "x", "NaN", "sNaN", "-Infinity", float("nan"), float("inf"), 10**12 + 1, 1e300,
     "1e999999", "1000000000000.0001", b"1"],
)  # fmt: skip
def test_what_is_no_amount_counts_as_nothing(value: object) -> None:
    assert fixed(value) == 0


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.none())))
def test_no_value_whatever_raises(value: object) -> None:
    assert abs(fixed(value)) <= LARGEST
    assert abs(times(value, value)) <= LARGEST


@pytest.mark.parametrize(
    ("price", "quantity", "expected"),
    [(9.99, 3, 299_700), ("1.5", "2.5", 37_500), (2, None, 20_000), (9, "many", 0), (0.0001, 0.5, 0), (0.0003, 0.5, 2),
     (-0.0001, 0.5, 0), (10**12, 10**12, 0)],
)  # fmt: skip
def test_price_by_quantity(price: object, quantity: object, expected: int) -> None:
    assert times(price, quantity) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"revenue": 5, "price": 1}, 50_000),
        ({"revenue": None, "price": "1.25", "quantity": 2}, 25_000),
        ({"products": [{"price": 1, "quantity": 2}, {"price": 0.5}, "junk", {"quantity": 3}]}, 25_000),
        ({"products": "junk"}, 0),
        ({}, 0),
    ],
)
def test_an_amount_is_named_or_priced_or_summed_over_products(properties: dict[str, Any], expected: int) -> None:
    assert amount_of(properties, ORDER) == expected


@pytest.mark.parametrize(
    ("amount", "text"), [(1_205_000, "120.50"), (125, "0.0125"), (-30_000, "-3.00"), (0, "0.00"), (10, "0.001")]
)
def test_money_is_shown_with_two_to_four_places(amount: int, text: str) -> None:
    assert decimal_text(amount) == text
