"""Whole numbers by day, by name: the piece that most of a state is made of. Packed, zeros are dropped."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from operator import sub
from typing import Any

Days = dict[int, int]
Series = dict[str, Days]
"""name -> day -> number."""

Flat = list[Any]
"""Days as a row holds them: the differences, then the numbers; a number beyond 64 bits as text."""

_WORD = 1 << 63


def add_days(into: Days, other: Mapping[int, int]) -> None:
    """Sum day by day."""
    for day, number in other.items():
        into[day] = into.get(day, 0) + number


def add(into: Series, other: Mapping[str, Mapping[int, int]]) -> None:
    """Sum name by name and day by day."""
    for name, days in other.items():
        add_days(into.setdefault(name, {}), days)


def pack_days(days: Mapping[int, int]) -> Flat:
    """Canonical: the same numbers give the same list, whatever order they came in."""
    if 0 in days.values():
        days = {day: number for day, number in days.items() if number}
    order = sorted(days)
    return [*map(sub, order, [0, *order]), *map(days.__getitem__, order)]


def within_words(packed: Any) -> Any:
    """The same with every number beyond 64 bits as text, which MessagePack has no room for."""
    if isinstance(packed, list):
        return [within_words(one) for one in packed]
    return str(packed) if type(packed) is int and not -_WORD <= packed < _WORD else packed


def unpack_days(flat: Flat) -> Days:
    """What `pack_days` was given, less the zeros."""
    half = len(flat) // 2
    if half == 1:
        return {flat[0]: int(flat[1])}
    return dict(zip(accumulate(flat[:half]), map(int, flat[half:]), strict=True))


def pack(series: Series, index: Mapping[str, int]) -> list[Flat]:
    """Canonical; `index` numbers the row's texts."""
    return [[index[name], *flat] for name, days in sorted(series.items()) if (flat := pack_days(days))]


def unpack(packed: Iterable[Flat], texts: list[str]) -> Series:
    """What `pack` was given, less the zeros."""
    return {texts[flat[0]]: unpack_days(flat[1:]) for flat in packed}
