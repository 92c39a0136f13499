"""Money as an integer of `AMOUNT_SCALE` parts of a unit, read from whatever an event carries."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from domain.meaning import AMOUNT_SCALE, Meaning

LARGEST = 10**12 * AMOUNT_SCALE
"""Amounts beyond this are malformed, as intake has it; they count as 0."""

_PLACES = Decimal(1) / AMOUNT_SCALE
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_UNIT_LIMIT = LARGEST // AMOUNT_SCALE
_EXACT_FLOAT = 1e11  # below it a decimal of four places has at most 15 digits, which a double tells apart


def fixed(value: object) -> int:
    """The decimal that `value` is written as, rounded half even to the scale; 0 for what is no finite number."""
    if type(value) is int:
        return value * AMOUNT_SCALE if -_UNIT_LIMIT <= value <= _UNIT_LIMIT else 0
    if type(value) is float:
        if -_EXACT_FLOAT < value < _EXACT_FLOAT:
            near = round(value * AMOUNT_SCALE)
            if near / AMOUNT_SCALE == value:  # then `near` is the shortest decimal that reads as this double
                return near
        return _fixed_decimal(repr(value))
    return _fixed_decimal(value) if isinstance(value, str) else 0


def _fixed_decimal(text: str) -> int:
    try:
        exact = Decimal(text)
        if not exact.is_finite() or exact.copy_abs() > _UNIT_LIMIT:
            return 0
        return int(exact.quantize(_PLACES, context=_CONTEXT).scaleb(4, context=_CONTEXT))
    except InvalidOperation:
        return 0


def times(price: object, quantity: object) -> int:
    """Price by quantity in the scale, rounded half even once both are fixed; no quantity means one."""
    if quantity is None:
        return fixed(price)
    if type(quantity) is int:
        return within(fixed(price) * quantity)
    whole, rest = divmod(fixed(price) * fixed(quantity), AMOUNT_SCALE)
    half = AMOUNT_SCALE // 2
    return within(whole + (rest > half or (rest == half and whole % 2 == 1)))


def within(amount: int) -> int:
    """The amount, or 0 when it is beyond what an amount may be."""
    return amount if -LARGEST <= amount <= LARGEST else 0


def amount_of(properties: Mapping[str, Any], meaning: Meaning) -> int:
    """What an event is worth: its amount, else price by quantity, else the sum over its products."""
    get = properties.get
    if meaning.amount is not None and (amount := get(meaning.amount)) is not None:
        return fixed(amount)
    if meaning.price is not None and (price := get(meaning.price)) is not None:
        return times(price, get(meaning.quantity) if meaning.quantity is not None else None)
    products = get(meaning.products) if meaning.products is not None else None
    if meaning.price is None or not isinstance(products, list):
        return 0
    quantity = meaning.quantity or ""
    lines = [line for line in products if isinstance(line, dict)]
    return within(sum(times(line.get(meaning.price), line.get(quantity)) for line in lines))


def decimal_text(amount: int) -> str:
    """A decimal string with two places, or as many of four as the amount needs."""
    units, rest = divmod(abs(amount), AMOUNT_SCALE)
    places = f"{rest:04d}"
    places = places[:2] + places[2:].rstrip("0")
    return f"{'-' if amount < 0 else ''}{units}.{places}"
