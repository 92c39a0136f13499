"""Small tables beside the file whose columns a mapping brings in by a key."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from adapters.sources.chunks import Chunk, chunks_of, columns_of
from adapters.sources.columns import Cells, texts
from adapters.sources.mapping import Lookup, Mapping
from domain.errors import BadInput

LOOKUP_ROWS: Final = 1_000_000
CHUNK_ROWS: Final = 10_000


class Side(NamedTuple):
    """One looked-up column: the value by the key's text."""

    on: str
    by_key: dict[str, Any]
    is_time: bool
    is_utc: bool


def load(mapping: Mapping, beside: Path, where: str) -> dict[str, Side]:
    """By `LOOKUP.column`. Raises BadInput for a file that is missing, too long or lacks a column."""
    sides: dict[str, Side] = {}
    for name, lookup in mapping.lookup.items():
        sides |= _sides(name, lookup, beside / lookup.file, mapping, f"{where}: lookup")
    return sides


def joined(chunks: Iterator[Chunk], sides: dict[str, Side]) -> Iterator[Chunk]:
    """The chunks with the looked-up columns; a key that is not there brings None."""
    for chunk in chunks:
        keys = {on: texts(chunk.cells[on]).values for on in {side.on for side in sides.values()}}
        brought = {
            name: Cells(list(map(side.by_key.get, keys[side.on])), side.is_time, side.is_utc)
            for name, side in sides.items()
        }
        yield msgspec.structs.replace(chunk, cells=chunk.cells | brought) if brought else chunk


def _sides(name: str, lookup: Lookup, path: Path, mapping: Mapping, where: str) -> dict[str, Side]:
    if not path.is_file():
        raise BadInput(where, f"{name}.file", "a file beside the one that is read")
    absent = {lookup.key, *lookup.columns} - set(columns_of(path, mapping.file))
    if absent:
        raise BadInput(where, name, f"columns of the file; it has no {', '.join(sorted(absent))}")
    on = lookup.on or lookup.key
    sides: dict[str, Side] = {}
    chunks = chunks_of(path, mapping.file, {lookup.key, *lookup.columns}, start=0, batch=CHUNK_ROWS)
    for chunk in islice(chunks, LOOKUP_ROWS // CHUNK_ROWS + 1):
        if chunk.last_record > LOOKUP_ROWS:
            raise BadInput(where, f"{name}.file", f"at most {LOOKUP_ROWS} rows")
        keys = texts(chunk.cells[lookup.key]).values
        for column in lookup.columns:
            cells = chunk.cells[column]
            side = sides.setdefault(f"{name}.{column}", Side(on, {}, cells.is_time, cells.is_utc))
            side.by_key.update(zip(keys, cells.values, strict=True))
    return sides
