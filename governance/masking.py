"""What a recipient sees of a view: fields dropped or made coarse, as the policy says for that recipient."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

from domain.clock import DAY, EPOCH_ORDINAL, first_day, month_of, parse_rfc3339, rfc3339
from domain.clock import day_of as day_at

BUCKET: Final = re.compile(r"bucket:([1-9]\d{0,11})")
POSTCODE_KEPT: Final = 2
HIDDEN: Final = object()


Mask = Callable[[Any], Any]
"""Makes one value coarser, of the same kind; gives HIDDEN for what it does not understand."""


def mask(strategy: str, pairwise: str = "") -> Mask:
    """`drop`, `pairwise`, `month`, `year`, `country`, `postcode` or `bucket:N`. Raises ValueError for any other."""
    if width := BUCKET.fullmatch(strategy):
        return partial(_bucket, int(width[1]))
    known: dict[str, Mask] = {
        "drop": lambda _: HIDDEN,
        "pairwise": lambda _: pairwise,
        "month": partial(_since, 1),
        "year": partial(_since, 12),
        "country": _country,
        "postcode": _postcode,
    }
    if strategy not in known:
        raise ValueError("drop, pairwise, month, year, country, postcode, or bucket:N for numbers")
    return known[strategy]


def masked(document: Mapping[str, Any], masks: Mapping[str, str], pairwise: str) -> tuple[dict[str, Any], list[str]]:
    """The document under masks by dotted path, and the masked paths whose values are not shown at all, sorted.

    The mask closest to a value decides over it; `*` stands for any one name. A mask on an attribute is for its value.
    A number stays a number, a time a time.
    """
    hidden: set[str] = set()
    made = {path: mask(strategy, pairwise) for path, strategy in masks.items()}
    shown = {name: _shown((name,), value, made, None, hidden) for name, value in document.items()}
    return {name: value for name, value in shown.items() if value is not HIDDEN}, sorted(hidden)


def _shown(path: tuple[str, ...], value: Any, masks: Mapping[str, Mask], above: str | None, hidden: set[str]) -> Any:
    """`above`: the path of the mask that covers what is around the value."""
    rule = _closest(path, masks) or above
    if path[0] == "attributes" and len(path) == 2:
        return _attribute(path, value, masks, rule, hidden)
    is_place = rule is not None and masks[rule] is _country
    if isinstance(value, dict) and value and not is_place:
        parts = {name: _shown((*path, name), part, masks, rule, hidden) for name, part in value.items()}
        kept = {name: part for name, part in parts.items() if part is not HIDDEN}
        return kept or HIDDEN
    if rule is None:
        return value
    if isinstance(value, list):
        shown = [masks[rule](one) for one in value]
        once = [one for place, one in enumerate(shown) if one not in shown[:place]]  # two ids are one pairwise one
        value = HIDDEN if HIDDEN in shown or not shown else once
    else:
        value = masks[rule](value)
    if value is HIDDEN:
        hidden.add(rule)
    return value


def _closest(path: tuple[str, ...], masks: Mapping[str, Mask]) -> str | None:
    """The mask for just this path that has the fewest `*`."""
    named = [(one, one.split(".")) for one in masks]
    fits = [
        one
        for one, names in named
        if len(names) == len(path) and all(name in ("*", part) for name, part in zip(names, path, strict=True))
    ]
    return min(fits, key=lambda one: (one.count("*"), one), default=None)


def _attribute(
    path: tuple[str, ...], said: dict[str, Any], masks: Mapping[str, Mask], rule: str | None, hidden: set[str]
) -> Any:
    value = _shown((*path, "value"), said["value"], masks, rule, hidden)
    if value is HIDDEN:
        return HIDDEN
    is_masked = (_closest((*path, "value"), masks) or rule) is not None
    rest = {
        name: _shown((*path, name), part, masks, None, hidden)
        for name, part in said.items()
        if name not in ({"value", "conflicts"} if is_masked else {"value"})  # what other sources say is as telling
    }
    return {"value": value, **{name: part for name, part in rest.items() if part is not HIDDEN}}


def _since(months: int, value: Any) -> Any:
    """The first moment, or day, of the month or year."""
    if not isinstance(value, str):
        return HIDDEN
    try:
        is_day = len(value) == len("2026-01-02")
        day = date.fromisoformat(value).toordinal() - EPOCH_ORDINAL if is_day else day_at(parse_rfc3339(value))
    except ValueError:
        return HIDDEN
    start = first_day(month_of(day) // months * months) * DAY
    return rfc3339(start)[:10] if is_day else rfc3339(start)


def _country(value: Any) -> Any:
    """Of an address its country: the field of that name, or what stands after the last comma."""
    if isinstance(value, dict):
        return {"country": value["country"]} if isinstance(value.get("country"), str) else HIDDEN
    if not isinstance(value, str) or "," not in value:
        return HIDDEN
    return value.rpartition(",")[2].strip() or HIDDEN


def _postcode(value: Any) -> Any:
    """The first two characters, where that is not all of it."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text.strip()) <= POSTCODE_KEPT:
        return HIDDEN
    return text.strip()[:POSTCODE_KEPT]


def _bucket(width: int, value: Any) -> Any:
    """The lower end of the bucket that the number lies in, as a number or as decimal text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return HIDDEN
    try:
        low = Decimal(str(value)) // width * width
        low -= width if low > Decimal(str(value)) else 0  # `//` cuts towards zero
    except InvalidOperation:
        return HIDDEN
    if not low.is_finite():
        return HIDDEN
    return str(low) if isinstance(value, str) else type(value)(low)
