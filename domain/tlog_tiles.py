"""A log as plain files (C2SP tlog-tiles): their names, which of them a tree has, and bundles of entries."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.errors import LetheError
from domain.tree import TILE_HEIGHT, TILE_WIDTH
from domain.treehead import LARGEST_SIZE

ENTRIES: Final = -1
"""The level of entry bundles: below that of their leaf hashes."""

LONGEST_ENTRY: Final = (1 << 16) - 1
HIGHEST_LEVEL: Final = 63

_LENGTH_BYTES = 2
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class BadTile(LetheError):
    """A file of the log is not in its format."""


class TileName(NamedTuple):
    """One file of a log: a hash tile, or at level `ENTRIES` a bundle of entries; ordered bottom-up, left to right."""

    level: int
    number: int
    width: int = TILE_WIDTH  # hashes or entries in it; fewer than 256 at the right edge alone

    @property
    def path(self) -> str:
        """Below the log's address, as `tile/0/x001/x234/067` or `tile/entries/273.p/112`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_grouped(self.number)}{partial}"

    @property
    def first(self) -> int:
        """The position of the first entry below it."""
        return self.number << (TILE_HEIGHT * (max(self.level, 0) + 1))


def parse_path(path: str) -> TileName:
    """Raises BadTile unless the path is exactly what a name gives."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise BadTile("the path is not one of a hash tile or entry bundle")
    level = ENTRIES if found[1] == "entries" else int(found[1])
    name = TileName(level, int(found[2].replace("x", "").replace("/", "")), int(found[3] or TILE_WIDTH))
    if level > HIGHEST_LEVEL or not 0 < name.width <= TILE_WIDTH or name.first > LARGEST_SIZE or name.path != path:
        raise BadTile("the path is not one of a hash tile or entry bundle")
    return name


def tiles_of(size: int) -> Iterator[TileName]:
    """Every hash tile of a tree, lowest level first; each level ends with its partial tile, if it has one."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        yield from _row(level, size >> (TILE_HEIGHT * level))
        level += 1


def bundles_of(size: int) -> Iterator[TileName]:
    """Every entry bundle of a log."""
    return _row(ENTRIES, size)


def print_bundle(entries: Sequence[bytes]) -> bytes:
    """The file of these neighbours. Raises BadTile for none, for more than 256, and for one that is too long."""
    if not 0 < len(entries) <= TILE_WIDTH or any(len(entry) > LONGEST_ENTRY for entry in entries):
        raise BadTile("a bundle holds 1 to 256 entries of at most 65535 bytes")
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def parse_bundle(bundle: bytes, width: int) -> list[bytes]:
    """The entries of a bundle of this width. Raises BadTile when there are more or fewer, or one is cut short.

    Entries of one length, as they usually are, take a third of the time.
    """
    step, rest = divmod(len(bundle), width)
    length = (step - _LENGTH_BYTES).to_bytes(_LENGTH_BYTES, "big") if _LENGTH_BYTES <= step <= LONGEST_ENTRY else b""
    if length and not rest and bundle[::step] + bundle[1::step] == length[:1] * width + length[1:] * width:
        return [bundle[start : start + step - _LENGTH_BYTES] for start in range(_LENGTH_BYTES, len(bundle) + 1, step)]
    entries: list[bytes] = []
    place, end = 0, len(bundle)
    while place < end and len(entries) <= width:
        start = place + _LENGTH_BYTES
        place = start + (bundle[place] << 8 | bundle[start - 1] if start <= end else _LENGTH_BYTES)
        entries.append(bundle[start:place])
    if place != end or len(entries) != width:
        raise BadTile(f"the bundle does not hold {width} whole entries and nothing else")
    return entries


def _row(level: int, hashes: int) -> Iterator[TileName]:
    full, rest = divmod(hashes, TILE_WIDTH)
    yield from (TileName(level, number) for number in range(full))
    if rest:
        yield TileName(level, full, rest)


def _grouped(number: int) -> str:
    """Groups of three digits, all but the last marked by an x."""
    path = f"{number % 1000:03d}"
    while number := number // 1000:
        path = f"x{number % 1000:03d}/{path}"
    return path
