"""What is known of everybody together, in whole numbers, so that one subject can be taken out exactly."""

import hmac
from collections.abc import Mapping
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct, field

from domain.errors import Damaged

Key = tuple[str | int, ...]
"""Starts with a word; keys that start alike have numbers and texts in the same places, so that keys sort."""

Cells = dict[Key, int]

_VERSION = 1
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, int, list[tuple[Key, int]]])


class Statistic(Struct):
    """A sum of the contributions of `subjects` subjects. Cells are never zero; change points may be negative."""

    cells: Cells = field(default_factory=dict)
    subjects: int = 0

    def replace(self, old: Mapping[Key, int], new: Mapping[Key, int]) -> None:
        """Take one subject's earlier contribution out and put its present one in; either may be empty."""
        _sum(self.cells, old, -1)
        _sum(self.cells, new, 1)
        self.subjects += bool(new) - bool(old)
        if self.subjects < 0:
            raise Damaged("a statistic lost a contribution that it never had")

    def add(self, contribution: Mapping[Key, int]) -> None:
        """Count one more subject; an empty contribution is none."""
        self.replace({}, contribution)

    def subtract(self, contribution: Mapping[Key, int]) -> None:
        """The exact inverse of `add`. Raises Damaged below zero subjects."""
        self.replace(contribution, {})

    def canonical(self) -> tuple[tuple[Key, int], ...]:
        """Cells in the order of their keys."""
        return tuple(sorted(self.cells.items()))

    def digest(self, fold_key: bytes) -> str:
        """HMAC-SHA256 in hex: a function of content and key alone, the same on every platform."""
        return hmac.digest(fold_key, encode(self), "sha256").hex()


def encode(statistic: Statistic) -> bytes:
    """Canonical MessagePack: version 1, subjects, cells."""
    return _encoder.encode((_VERSION, statistic.subjects, statistic.canonical()))


def decode(row: bytes) -> Statistic:
    """Raises Damaged for what is not a statistic of this format."""
    try:
        version, subjects, cells = _decoder.decode(row)
    except msgspec.DecodeError as error:
        raise Damaged("a statistic cannot be read") from error
    if version != _VERSION:
        raise Damaged(f"a statistic has unknown format {version}")
    return Statistic(dict(cells), subjects)


def pack(cells: Cells, index: Mapping[str, int]) -> list[Any]:
    """One subject's cells for its row: sorted keys, then counts; a text of a key is the list of its number."""
    reference: dict[Any, Any] = {text: [index[text]] for text in texts(cells)}
    keys = sorted(cells)
    return [[[*map(reference.get, key, key)] for key in keys], [cells[key] for key in keys]]


def unpack(packed: list[Any], texts: list[str]) -> Cells:
    """The inverse of `pack`."""
    keys, counts = packed
    parts = ([texts[part[0]] if type(part) is list else part for part in key] for key in keys)
    return dict(zip(map(tuple, parts), counts, strict=True))


def texts(cells: Cells) -> set[str]:
    """Every text that `pack` will look up."""
    return {part for part in chain.from_iterable(cells) if type(part) is str}


def _sum(cells: Cells, contribution: Mapping[Key, int], sign: int) -> None:
    for key, count in contribution.items():
        total = cells.get(key, 0) + sign * count
        if total:
            cells[key] = total
        else:
            cells.pop(key, None)
