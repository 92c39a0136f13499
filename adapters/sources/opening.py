"""Picks the reader for a file by its name."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from adapters.sources import jsonl
from adapters.sources.batch import Batch, Source
from domain.errors import BadInput
from domain.events import Micros

LINES: Final = frozenset({".jsonl", ".ndjson", ".json"})
TABLES: Final = frozenset({".csv", ".parquet", ".pq"})


def open_source(
    path: str,
    mapping: str | None = None,
    *,
    start: int = 0,
    batch: int = 1000,
    received: Callable[[], Micros],
    is_backfill: bool = False,
    standard_input: BinaryIO | None = None,
) -> Source:
    """`-` and .jsonl, .ndjson, .json are JSON Lines; .csv, .parquet and .pq need a mapping: a file, or a shipped name.

    Reading goes on after record `start`, in batches of about `batch` records. Raises BadInput for a file or a mapping
    that cannot be read, and Unavailable where Parquet's library is not installed.
    """
    if path == "-":
        stream = standard_input or sys.stdin.buffer
        batches = jsonl.read(stream, start=start, batch=batch, received=received, is_backfill=is_backfill)
        return Source(name="", batches=batches, records=None, size_bytes=None)
    file = Path(path)
    suffix = file.suffix.lower()
    if not file.is_file():
        raise BadInput(file.name, "file", "a file that exists")
    if suffix in TABLES:
        return _table(file, mapping, start, batch, received, is_backfill)
    if suffix not in LINES:
        raise BadInput(file.name, "file", "a name that ends in .jsonl, .ndjson, .json, .csv, .parquet or .pq")
    lines = _lines(file, start, batch, received, is_backfill)
    return Source(name="", batches=lines, records=None, size_bytes=file.stat().st_size)


def _lines(file: Path, start: int, batch: int, received: Callable[[], Micros], is_backfill: bool) -> Iterator[Batch]:
    with file.open("rb") as stream:
        yield from jsonl.read(stream, start=start, batch=batch, received=received, is_backfill=is_backfill)


def _table(
    file: Path, mapping: str | None, start: int, batch: int, received: Callable[[], Micros], is_backfill: bool
) -> Source:
    from adapters.sources import chunks, lookups, tables  # with pydantic behind them: only for tables
    from adapters.sources.mapping import columns_in, load

    if mapping is None:
        raise BadInput(file.name, "mapping", "a mapping file, which CSV and Parquet need")
    rules, where = load(mapping), Path(mapping).name
    sides = lookups.load(rules, file.parent, where)
    present = set(chunks.columns_of(file, rules.file))
    wanted = columns_in(rules) | {side.on: "lookup" for side in sides.values()}
    for column, field in wanted.items():
        if column not in present and column not in sides:
            raise BadInput(where, field, f"a column of the file; it has no {column}")
    rows = chunks.chunks_of(file, rules.file, wanted.keys() & present, start=start, batch=batch)
    batches = tables.read(lookups.joined(rows, sides), rules, received=received, is_backfill=is_backfill)
    return Source(name=rules.source, batches=batches, records=chunks.rows_in(file), size_bytes=file.stat().st_size)
