"""What every reader of this package yields, whatever the file looks like."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from domain.calls import Call, Rejection
from domain.events import Micros


class Batch(Struct, frozen=True, kw_only=True):
    """A run of consecutive records. All calls of one record are in the same batch."""

    calls: list[Call]
    rejections: list[Rejection]
    last_record: int  # the highest record number looked at so far: what `start` resumes after
    bytes_read: int  # of the file so far; an estimate for Parquet
    received: Micros  # the clock when the batch was complete
    skipped: int = 0  # rows that the mapping's `skip_if_null` passes over


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An opened file. Reading `batches` to the end, or closing that generator, closes the file."""

    name: str  # of the mapping; empty for JSON Lines
    batches: Iterator[Batch]
    records: int | None  # how many there are, where the format says so
    size_bytes: int | None  # None for a stream
