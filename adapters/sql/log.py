"""The log as readers see it, in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Engine,
    Integer,
    Select,
    bindparam,
    func,
    select,
    tuple_,
    union_all,
)

from adapters.sql.engine import reading, writing
from adapters.sql.schema import LOG, body, document, entry, head, progress, rejection, stream, tile
from domain.log import Entry, Head, Stored
from domain.tree import TILE_WIDTH, Frontier

T = TypeVar("T")
IN_A_QUERY = 500
STORED = (entry.c.position, entry.c.entry_id, entry.c.key_id, body.c.sealed, entry.c.act, entry.c.fields)


def _or_edge(edge: Select[Any]) -> CompoundSelect[Any]:
    """A full tile by its row, else what there is at the edge: in one query, made once, as a proof asks for several."""
    full = select(tile.c.number, tile.c.hashes).where(
        tile.c.level == bindparam("level", type_=Integer), tile.c.number == bindparam("number", type_=BigInteger)
    )
    either: CompoundSelect[Any] = union_all(full, edge.where(~full.exists()))
    return either.order_by("number")


Prepared = tuple[str, Sequence[str] | None]
"""The text of a statement, and the names of its places where they have none."""


def _prepared(engine: Engine, query: CompoundSelect[Any]) -> Prepared:
    """What SQLAlchemy would make of it each time anew: half the time of a proof is spared."""
    schemas = engine.get_execution_options().get("schema_translate_map")
    compiled = query.compile(engine, schema_translate_map=schemas, render_schema_translate=schemas is not None)
    return str(compiled), compiled.positiontup


SPAN = (bindparam("start", type_=BigInteger), bindparam("last", type_=BigInteger))
LEAVES = _or_edge(select(entry.c.position.label("number"), entry.c.hash).where(entry.c.position.between(*SPAN)))
TILE = _or_edge(
    select(tile.c.number, tile.c.root).where(
        tile.c.level == bindparam("below", type_=Integer), tile.c.number.between(*SPAN)
    )
)


class SqlLog:
    """Reads of what is committed; no call holds a transaction open after it returns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._prepared: dict[bool, Prepared] = {}

    def head(self) -> Head:
        with reading(self._engine) as connection:
            return read_head(connection)

    def read(self, *, after: int, limit: int) -> Sequence[Stored]:
        query = _stored().where(entry.c.position > after).order_by(entry.c.position).limit(limit)
        with reading(self._engine) as connection:
            return [Stored._make(row) for row in connection.execute(query).fetchall()]

    def entries(self, *, after: int, limit: int) -> Sequence[Entry]:
        query = select(entry).where(entry.c.position > after).order_by(entry.c.position).limit(limit)
        with reading(self._engine) as connection:
            return [Entry._make(row) for row in connection.execute(query).fetchall()]

    def at(self, positions: Collection[int]) -> Sequence[Stored]:
        found: list[Stored] = []
        with reading(self._engine) as connection:
            for some in in_chunks(sorted(positions)):
                query = _stored().where(entry.c.position.in_(some)).order_by(entry.c.position)
                found += [Stored._make(row) for row in connection.execute(query).fetchall()]
        return found

    def contents(self, positions: Collection[int]) -> Sequence[Entry]:
        found: list[Entry] = []
        with reading(self._engine) as connection:
            for some in in_chunks(sorted(positions)):
                query = select(entry).where(entry.c.position.in_(some)).order_by(entry.c.position)
                found += [Entry._make(row) for row in connection.execute(query).fetchall()]
        return found

    def positions(self, streams: Collection[int]) -> Sequence[int]:
        found: list[int] = []
        with reading(self._engine) as connection:
            for some in in_chunks(sorted(streams)):
                query = select(stream.c.position).where(stream.c.handle.in_(some))
                found += connection.execute(query).scalars()
        return sorted(found)

    def acts(self, names: Collection[str], *, mentioning: str = "") -> Sequence[Entry]:
        query = select(entry).where(entry.c.act.in_(names), entry.c.act.is_not(None)).order_by(entry.c.position)
        if mentioning:
            query = query.where(entry.c.fields.contains(mentioning, autoescape=True))
        query = query.where(entry.c.position.between(0, self.head().size - 1))  # nobody signed what lies beyond
        with reading(self._engine) as connection:
            return [Entry._make(row) for row in connection.execute(query).fetchall()]

    def tile(self, level: int, index: int) -> bytes:
        place = {"level": level, "below": level - 1, "number": index, "start": index * TILE_WIDTH}
        place["last"] = place["start"] + TILE_WIDTH - 1
        with reading(self._engine) as connection:  # First: before it connects, a dialect knows no schema.
            if (level > 0) not in self._prepared:
                self._prepared[level > 0] = _prepared(self._engine, TILE if level else LEAVES)
            text, names = self._prepared[level > 0]
            found = connection.exec_driver_sql(text, place if names is None else tuple(place[one] for one in names))
            return b"".join([row[1] for row in found.fetchall()])

    def counts(self) -> Mapping[str, int]:
        with reading(self._engine) as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in LOG.sorted_tables
            }

    def bodies(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Bodies by position, whether or not an entry is there: what an audit compares."""
        query = select(body).where(body.c.position > after).order_by(body.c.position).limit(limit)
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query).fetchall()]

    def outside(self, size: int, *, limit: int) -> Sequence[tuple[str, int]]:
        """Where nothing may lie: positions before 0 or from `size` on."""
        found: list[tuple[str, int]] = []
        with reading(self._engine) as connection:
            for table in (entry, body):
                position = table.c.position
                query = select(position).where((position < 0) | (position >= size)).order_by(position).limit(limit)
                found += [(table.name, one) for one in connection.execute(query).scalars()]
        return found

    def streams(self, *, after: tuple[int, int] | None, limit: int) -> Sequence[tuple[int, int]]:
        """Rows of every stream, whether or not an entry is there: what an audit compares."""
        place = (stream.c.handle, stream.c.position)
        query = select(*place).order_by(*place).limit(limit)
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query).fetchall()]

    def rejections(self, limit: int) -> Sequence[tuple[str, int, str, str]]:
        """The newest refused records: (source, record number, field, reason)."""
        columns = (rejection.c.source, rejection.c.record, rejection.c.field, rejection.c.reason)
        query = select(*columns).order_by(rejection.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def progress(self, source: bytes) -> int:
        """How many records of a source are in; zero for one that is unknown or finished."""
        query = select(progress.c.records).where(progress.c.source == source)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def document(self, digest: str) -> str | None:
        """The text of a policy or notice, by the hash that an act names."""
        with reading(self._engine) as connection:
            return connection.execute(select(document.c.text).where(document.c.hash == digest)).scalar()

    def keep_document(self, digest: str, kind: str, text: str) -> None:
        """Store a text under its hash; the same text twice is not an error."""
        with writing(self._engine) as connection:
            if connection.execute(select(document.c.hash).where(document.c.hash == digest)).scalar() is None:
                connection.execute(document.insert().values(hash=digest, kind=kind, text=text))


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """The head row; `lock` takes its row lock where the database has one."""
    query = select(head.c.frontier, head.c.note).where(head.c.id == 1)
    found = connection.execute(query.with_for_update() if lock else query).fetchone()
    if found is None:
        return Head(Frontier(), "")
    return Head(Frontier.from_bytes(found.frontier), found.note)


def in_chunks(values: Sequence[T], size: int = IN_A_QUERY) -> Iterator[Sequence[T]]:
    """Runs of at most `size`: no statement has more parameters than any database takes."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _stored() -> Select[tuple[int, bytes, bytes, bytes, str, str]]:
    return select(*STORED).select_from(entry.outerjoin(body, body.c.position == entry.c.position))
