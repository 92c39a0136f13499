"""JSON Lines: one tracking-API call, or one batch of them, a line."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from adapters.sources.batch import Batch
from adapters.sources.tracking import BATCH_BYTES, Around, read_line
from domain.calls import Call, Rejection
from domain.events import Micros

BOM: Final = b"\xef\xbb\xbf"


def read(
    stream: BinaryIO, *, start: int = 0, batch: int = 1000, received: Callable[[], Micros], is_backfill: bool = False
) -> Iterator[Batch]:
    """Batches of `batch` calls or a few more (a line is never split); lines up to `start` are passed over.

    A record is a line, counted from 1; an empty one is passed over. With `is_backfill` a call's own time is its
    receipt time too.
    """
    around = Around(is_backfill=is_backfill)
    calls: list[Call] = []
    rejections: list[Rejection] = []
    record = bytes_read = 0
    for raw in _lines(stream):
        record += 1
        bytes_read += len(raw)
        line = (raw.removeprefix(BOM) if record == 1 else raw).strip()
        if record <= start or not line:
            continue
        for item in read_line(line, record, around):
            if isinstance(item, Call):
                calls.append(item)
            else:
                rejections.append(item)
        if len(calls) + len(rejections) >= batch:
            yield Batch(
                calls=calls, rejections=rejections, last_record=record, bytes_read=bytes_read, received=received()
            )
            calls, rejections = [], []
    if calls or rejections:
        yield Batch(calls=calls, rejections=rejections, last_record=record, bytes_read=bytes_read, received=received())


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines; of one beyond every limit only as much as shows that, so that memory stays bounded."""
    limit = BATCH_BYTES + 2
    while raw := stream.readline(limit):
        yield raw
        while len(raw) == limit and not raw.endswith(b"\n"):
            raw = stream.readline(limit)
