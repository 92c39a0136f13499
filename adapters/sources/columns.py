"""Values a column at a time: typed, checked, and quick where they already are what they should be."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final, NamedTuple

from adapters.sources import values
from adapters.sources.checks import LARGEST, RECORD_BYTES, SMALLEST
from adapters.sources.mapping import COLUMN, Property, columns_of, zone
from adapters.sources.values import AMOUNT_LIMIT, EARLIEST, LATEST, One, Refused

NOTHING: Final = type(None)


class Cells(NamedTuple):
    """A column as read: text, numbers, booleans, None; times as microseconds, naive unless `is_utc`."""

    values: Sequence[Any]
    is_time: bool = False
    is_utc: bool = False


class Column(NamedTuple):
    """Converted values, None where there is none, and by row index the reason of those refused."""

    values: list[Any]
    faults: dict[int, str]


def convert(cells: Cells, rule: Property) -> Column:
    """As the mapping's property wants it; a missing value is a fault unless it is optional."""
    if rule.type == "string":
        column = texts(cells)
    elif rule.type == "time":
        column = times(cells, rule.format, zone(rule.timezone))
        column = Column([None if value is None else values.time_text(value) for value in column.values], column.faults)
    elif cells.is_time:
        column = _each(cells.values, values.wrong)
    else:
        fits, one = CONVERSIONS[rule.type]
        column = Column(list(cells.values), {}) if fits(cells.values) else _each(cells.values, one)
    if rule.absolute:
        column = Column([_absolute(value) for value in column.values], column.faults)
    return column if rule.optional else required(column)


def required(column: Column) -> Column:
    """Every row without a value has the fault `missing`."""
    if None not in column.values:
        return column
    absent = {row: "missing" for row, value in enumerate(column.values) if value is None}
    return Column(column.values, {**absent, **column.faults})


def texts(cells: Cells) -> Column:
    """Any scalar as text; an empty text is None."""
    if cells.is_time:
        return _each(cells.values, values.time_text)
    kinds = set(map(type, cells.values))
    if kinds == {int}:
        return Column(list(map(str, cells.values)), {})
    if kinds <= {str, NOTHING} and _is_plain(cells.values):
        return Column(list(cells.values), {})
    return _each(cells.values, values.text)


def filled(template: str, cells: dict[str, Cells], rows: int) -> Column:
    """The template with each row's values; None where a column of it has none."""
    names = columns_of(template)
    if not names:
        return Column([template] * rows, {})
    columns = [texts(cells[name]) for name in names]
    faults = {row: reason for column in columns for row, reason in column.faults.items()}
    if template == f"{{{names[0]}}}":
        return Column(columns[0].values, faults)
    form = COLUMN.sub("%s", template.replace("%", "%%"))
    parts = zip(*(column.values for column in columns), strict=True)
    if any(None in column.values for column in columns):
        return Column([None if None in row else form % row for row in parts], faults)
    return Column(list(map(form.__mod__, parts)), faults)


def times(cells: Cells, form: str, timezone: tzinfo) -> Column:
    """Microseconds. `form` is `rfc3339`, `epoch_s`, `epoch_ms` or strptime's; `timezone` is of times without one."""
    if not cells.is_time:
        return _each(cells.values, values.written_time(form, timezone))
    if not cells.is_utc and timezone is not UTC:
        return _each(cells.values, values.local_time(timezone))
    if _is_within(cells.values, EARLIEST, LATEST):
        return Column(list(cells.values), {})
    return _each(cells.values, values.local_time(UTC))


def _each(cells: Sequence[Any], one: One) -> Column:
    """Converts what is not None; a text that repeats only once."""
    out: list[Any] = []
    faults: dict[int, str] = {}
    known: dict[str, Any] = {"": None}
    for row, value in enumerate(cells):
        try:
            if value is None:
                out.append(None)
            elif type(value) is not str:
                out.append(one(value))
            else:
                if value not in known:
                    known[value] = one(value)
                out.append(known[value])
        except Refused as error:
            faults[row] = error.reason
            out.append(None)
    return Column(out, faults)


def _absolute(value: Any) -> Any:
    if isinstance(value, str):
        return value.lstrip("+-")
    return value if value is None else abs(value)


def _is_plain(cells: Sequence[str | None]) -> bool:
    present = [value for value in cells if value is not None] if None in cells else cells
    joined = "".join(present)  # type: ignore[arg-type]
    return "" not in present and joined.isascii() and len(max(present, key=len, default="")) <= RECORD_BYTES  # type: ignore[arg-type]


def _is_within(cells: Sequence[Any], low: int, high: int) -> bool:
    present = [value for value in cells if value is not None] if None in cells else cells
    return not present or (low <= min(present) and max(present) <= high)


def _are_integers(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) <= {int, NOTHING} and _is_within(cells, SMALLEST, LARGEST)


def _are_finite(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) == {float} and math.isfinite(sum(cells))


def _are_amounts(cells: Sequence[Any]) -> bool:
    return (_are_finite(cells) or _are_integers(cells)) and _is_within(cells, -AMOUNT_LIMIT, AMOUNT_LIMIT)


def _are_numbers(cells: Sequence[Any]) -> bool:
    return _are_finite(cells) or _are_integers(cells)


def _are_booleans(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) <= {bool, NOTHING}


CONVERSIONS: Final[dict[str, tuple[Callable[[Sequence[Any]], bool], One]]] = {
    "int": (_are_integers, values.integer),
    "number": (_are_numbers, values.number),
    "amount": (_are_amounts, values.amount),
    "bool": (_are_booleans, values.boolean),
}
"""By type: whether a whole column already is so, and the conversion of one value."""
