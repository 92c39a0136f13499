"""What single properties of a behaviour event say. Malformed values say nothing and never raise."""

from typing import Any

from domain.meaning import FoldConfig, Meaning

Properties = dict[str, Any]

WEIGHTS = {"view": 1, "cart": 2, "purchase": 4}
"""How much an action says of an interest: integers, so that interests add and subtract exactly."""

PURCHASE = "purchase"
MONEY = frozenset({PURCHASE, "refund"})


def text(value: Any) -> str:
    """An item or category by name or number; "" for what is neither."""
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def categories(properties: Properties, meaning: Meaning) -> list[str]:
    """Its category if it names one, else those of its products, one for each."""
    own = text(properties.get(meaning.category or ""))
    if own:
        return [own]
    products = properties.get(meaning.products) if meaning.products is not None else None
    if not isinstance(products, list):
        return []
    return [name for line in products if isinstance(line, dict) and (name := text(line.get(meaning.category)))]


def currency_of(named: Any, config: FoldConfig) -> str:
    """The currency that an event names by three letters, else the configured one."""
    return named.upper() if type(named) is str and len(named) == 3 else config.currency
