"""Tables as runs of rows, held as columns: CSV by the standard library, Parquet by pyarrow."""

import csv
from collections.abc import Collection, Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from msgspec import Struct

from adapters.sources.columns import Cells
from adapters.sources.mapping import Format
from domain.calls import Rejection
from domain.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, RecordBatch
    from pyarrow.parquet import ParquetFile

PARQUET: Final = frozenset({".parquet", ".pq"})


class Chunk(Struct, frozen=True, kw_only=True):
    """Rows with consecutive places in every column of `cells`."""

    records: Sequence[int]  # row numbers, from 1; a CSV header is none
    cells: dict[str, Cells]
    broken: list[Rejection]  # rows that are none, between the others
    last_record: int
    bytes_read: int

    @property
    def rows(self) -> int:
        return len(self.records)


def columns_of(path: Path, written: Format) -> list[str]:
    """The names in a table's header. Raises BadInput for a file that has none."""
    if path.suffix.lower() in PARQUET:
        return list(_parquet(path).schema_arrow.names)
    with path.open("rb") as file, _csv_text(file, written) as text:
        return _header(path, csv.reader(text, delimiter=written.delimiter))


def rows_in(path: Path) -> int | None:
    """How many rows a Parquet file says it has; None for CSV."""
    return _parquet(path).metadata.num_rows if path.suffix.lower() in PARQUET else None


def chunks_of(path: Path, written: Format, wanted: Collection[str], *, start: int, batch: int) -> Iterator[Chunk]:
    """At most `batch` rows each, of the columns `wanted`, after row `start`."""
    if path.suffix.lower() in PARQUET:
        return _parquet_chunks(path, sorted(wanted), start, batch)
    return _csv_chunks(path, written, wanted, start, batch)


def _csv_text(file: BinaryIO, written: Format) -> TextIOWrapper:
    """Bytes that are not in the encoding become surrogates, which the conversion of their cell refuses."""
    encoding = "utf-8-sig" if written.encoding.lower() in ("utf-8", "utf8") else written.encoding
    return TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")


def _header(path: Path, rows: Iterator[list[str]]) -> list[str]:
    try:
        names = next(rows, [])
    except csv.Error:
        names = []
    if not names or len(set(names)) != len(names):
        raise BadInput(path.name, "header", "a first line that names each column once")
    return names


def _csv_chunks(path: Path, written: Format, wanted: Collection[str], start: int, batch: int) -> Iterator[Chunk]:
    with path.open("rb") as file, _csv_text(file, written) as text:
        rows = csv.reader(text, delimiter=written.delimiter)
        names = _header(path, rows)
        later = (row for row in _csv_rows(rows, len(names)) if row[0] > start)
        while run := list(islice(later, batch)):
            whole = [(record, cells) for record, cells, reason in run if not reason]
            columns = list(zip(*(cells for _, cells in whole), strict=True)) or [()] * len(names)
            yield Chunk(
                records=[record for record, _ in whole],
                cells={name: Cells(column) for name, column in zip(names, columns, strict=True) if name in wanted},
                broken=[Rejection(record, "row", reason) for record, _, reason in run if reason],
                last_record=run[-1][0],
                bytes_read=file.tell(),
            )


def _csv_rows(rows: Iterator[list[str]], width: int) -> Iterator[tuple[int, list[str], str]]:
    """(record, cells, reason): the reason is empty for a row of the header's width; empty lines are no rows."""
    record = 0
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:  # a cell beyond the reader's limit
            record += 1
            yield record, [], "too_large"
            continue
        if cells is None:
            return
        if cells:
            record += 1
            yield record, cells, "" if len(cells) == width else "wrong_type"


def _parquet(path: Path) -> "ParquetFile":
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise Unavailable("Parquet needs the extra `parquet`: pip install 'lethe-profiles[parquet]'") from None
    try:
        return ParquetFile(path)
    except ArrowInvalid:
        raise BadInput(path.name, "file", "a Parquet file") from None


def _parquet_chunks(path: Path, wanted: list[str], start: int, batch: int) -> Iterator[Chunk]:
    size_bytes = path.stat().st_size
    with _parquet(path) as file:
        total = max(file.metadata.num_rows, 1)
        last = 0
        for arrow in file.iter_batches(batch, columns=wanted):
            first, last = last + 1, last + arrow.num_rows
            if last <= start:
                continue
            if first <= start:
                arrow, first = arrow.slice(start - first + 1), start + 1
            yield Chunk(
                records=range(first, last + 1),
                cells=_cells(arrow),
                broken=[],
                last_record=last,
                bytes_read=size_bytes * last // total,
            )


def _cells(arrow: "RecordBatch") -> dict[str, Cells]:
    return {name: _values(arrow.column(name)) for name in arrow.schema.names}


def _values(column: "ChunkedArray[Any]") -> Cells:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_temporal(kind) and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        is_utc = pa.types.is_timestamp(kind) and kind.tz is not None
        moments = column.cast(pa.timestamp("us", tz=kind.tz if is_utc else None), safe=False)
        return Cells(_plain(moments.cast(pa.int64())), is_time=True, is_utc=is_utc)
    return Cells(_plain(column))


def _plain(column: Any) -> list[Any]:
    """Python values; by way of numpy where that is the same and quicker."""
    import pyarrow as pa

    kind = column.type
    values: list[Any]
    if column.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        values = column.to_numpy(zero_copy_only=False).tolist()
    else:
        values = column.to_pylist()
    return values
