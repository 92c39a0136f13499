"""Files that hold others: gzip, bzip2, xz, zip, tar, Parquet and Arrow, opened one content after another."""

import io
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple, cast

HEAD_BYTES = 512
HELD_BYTES = 64 << 20
"""A zip or Parquet file inside another container is read from both ends: one up to this size is held in memory."""


class Content(NamedTuple):
    """One thing that a container holds. `is_packed`: its bytes do not lie in the container as they are."""

    name: str
    open: Callable[[], IO[bytes]]
    is_packed: bool = True


class NotOpened(Exception):
    """This kind of container cannot be looked into here."""


Opener = Callable[[IO[bytes]], Iterator[Content]]


def opener_of(head: bytes) -> Opener | None:
    """How to look into what begins like this; None for what is no container."""
    if head[257:262] == b"ustar":
        return _tar
    return next((opener for start, opener in BEGINNINGS if head.startswith(start)), None)


def held(file: IO[bytes]) -> IO[bytes]:
    """The same in memory. Raises NotOpened for more than that takes."""
    content = file.read(HELD_BYTES + 1)
    if len(content) > HELD_BYTES:
        raise NotOpened
    return io.BytesIO(content)


def _gzip(file: IO[bytes]) -> Iterator[Content]:
    import gzip

    yield Content("gzip", lambda: cast(IO[bytes], gzip.GzipFile(fileobj=file)))


def _bzip2(file: IO[bytes]) -> Iterator[Content]:
    import bz2

    yield Content("bzip2", lambda: bz2.BZ2File(file))


def _xz(file: IO[bytes]) -> Iterator[Content]:
    import lzma

    yield Content("xz", lambda: lzma.LZMAFile(file))  # noqa: SIM115


def _zip(file: IO[bytes]) -> Iterator[Content]:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield Content(member.filename, lambda member=member: archive.open(member))  # type: ignore[misc]


def _tar(file: IO[bytes]) -> Iterator[Content]:
    """Members lie in the archive as they are: they are looked into only for what they hold in turn."""
    import tarfile

    with tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            if member.isreg():
                yield Content(member.name, lambda: cast(IO[bytes], archive.extractfile(member)), False)  # noqa: B023


def _parquet(file: IO[bytes]) -> Iterator[Content]:
    from pyarrow import parquet

    batches = parquet.ParquetFile(file).iter_batches(batch_size=1 << 16)
    yield from _columns(batches)


def _arrow(file: IO[bytes]) -> Iterator[Content]:
    from pyarrow import ipc

    reader = ipc.open_file(file)
    yield from _columns(reader.get_batch(index) for index in range(reader.num_record_batches))


def _columns(batches: Any) -> Iterator[Content]:
    """The values of each column as they lie in memory: one text after another."""
    import pyarrow

    for number, batch in enumerate(batches):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            whole = column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column
            for buffer in whole.buffers():
                if buffer is not None and buffer.size:
                    yield Content(f"{number}/{name}", lambda buffer=buffer: pyarrow.BufferReader(buffer))  # type: ignore[misc]


def _unknown(_: IO[bytes]) -> Iterator[Content]:
    raise NotOpened


BEGINNINGS: tuple[tuple[bytes, Opener], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"BZh", _bzip2),
    (b"\xfd7zXZ\0", _xz),
    (b"PK\x03\x04", _zip),
    (b"PAR1", _parquet),
    (b"ARROW1", _arrow),
    # What packs its content, and is not opened here: a scan that meets one is partial.
    (b"\x28\xb5\x2f\xfd", _unknown),  # Zstandard
    (b"\x04\x22\x4d\x18", _unknown),  # LZ4
    (b"PARE", _unknown),  # Parquet with an encrypted footer
    (b"ORC", _unknown),
    (b"Obj\x01", _unknown),  # Avro
    (b"7z\xbc\xaf\x27\x1c", _unknown),
    (b"Rar!\x1a\x07", _unknown),
    (b"%PDF-", _unknown),
    (b"PGDMP", _unknown),  # pg_dump's own format
)
