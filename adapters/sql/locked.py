"""The append lock: one writer at a time, the keyring committed before the log."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from adapters.sql.engine import Databases, begin_writing, insert_rows
from adapters.sql.keys import SqlKeyRows
from adapters.sql.log import in_chunks, read_head
from adapters.sql.schema import body, entry, head, progress, rejection, stream, tile
from domain.log import Append, Head

ENTRY_COLUMNS = "position, entry_id, day, key_id, content, act, actor, fields, hash"


class Locked(NamedTuple):
    """Both ends of an append; what they write is seen by others once the block ends."""

    log: "SqlLockedLog"
    keys: SqlKeyRows


@contextmanager
def append_lock(databases: Databases) -> Iterator[Locked]:
    """Hold the log; commit the keyring, then the log; roll both back when the block raises.

    The keyring goes first: a key without entries is an orphan that the next writer removes,
    an entry without its key would be lost.
    """
    with begin_writing(databases.log) as log:
        if databases.is_server:
            read_head(log, lock=True)
            yield Locked(SqlLockedLog(log), SqlKeyRows(log))
            log.commit()
            return
        with begin_writing(databases.keyring) as keyring:
            yield Locked(SqlLockedLog(log), SqlKeyRows(keyring))
            keyring.commit()
        log.commit()


class SqlLockedLog:
    """The log on the connection that holds its lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        return read_head(self._connection)

    def seen(self, streams: Collection[int]) -> dict[int, bytes]:
        found: dict[int, list[bytes]] = {}
        for some in in_chunks(sorted(streams)):
            query = select(stream.c.handle, stream.c.digests).where(stream.c.handle.in_(some))
            for handle, digests in self._connection.execute(query).fetchall():
                found.setdefault(handle, []).append(digests)
        return {handle: b"".join(parts) for handle, parts in found.items()}

    def insert(self, append: Append) -> None:
        types = "int8 bytea int4 bytea bytea text bytea text bytea"
        insert_rows(self._connection, entry, ENTRY_COLUMNS, append.entries, types)
        insert_rows(self._connection, body, "position, sealed", append.bodies, "int8 bytea")
        insert_rows(self._connection, stream, "handle, position, digests", append.streams, "int8 int8 bytea")
        insert_rows(self._connection, tile, "level, number, hashes, root", append.tiles, "int2 int8 bytea bytea")
        values = {"frontier": append.head.frontier.to_bytes(), "note": append.head.note}
        if self._connection.execute(update(head).where(head.c.id == 1).values(values)).rowcount == 0:
            self._connection.execute(insert(head).values(id=1, **values))

    def purge(self, streams: Collection[int], positions: Sequence[int]) -> int:
        removed = 0
        for some in in_chunks(positions):
            removed += self._connection.execute(delete(body).where(body.c.position.in_(some))).rowcount
            if not streams:
                self._connection.execute(delete(stream).where(stream.c.position.in_(some)))
            for handles in in_chunks(sorted(streams)):
                own = (stream.c.handle.in_(handles), stream.c.position.in_(some))
                self._connection.execute(delete(stream).where(*own))
        return removed

    def note_rejections(self, rows: Sequence[tuple[str, int, str, str]]) -> None:
        if rows:
            names = ("source", "record", "field", "reason")
            self._connection.execute(insert(rejection), [dict(zip(names, row, strict=True)) for row in rows])

    def note_progress(self, source: bytes, records: int) -> None:
        self._connection.execute(delete(progress).where(progress.c.source == source))
        if records:
            self._connection.execute(insert(progress).values(source=source, records=records))
