"""The projections' tables in SQL: two slots, a checkpoint each, moved by compare-and-set."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, Engine, delete, select, update

from adapters.sql.engine import insert_rows, reading, writing
from adapters.sql.log import in_chunks
from adapters.sql.schema import SLOTS, slot
from domain.errors import MovedOn
from governance.states import Mark


class SqlSlots:
    """Sealed rows by slot; every save moves the checkpoint in the same transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def active(self) -> str:
        with reading(self._engine) as connection:
            return str(connection.execute(select(slot.c.name).where(slot.c.active == 1)).scalar_one())

    def mark(self, name: str) -> Mark:
        query = select(slot.c.checkpoint, slot.c.revision).where(slot.c.name == name)
        with reading(self._engine) as connection:
            return Mark._make(connection.execute(query).one())

    def load(self, name: str, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        table, found = SLOTS[name][0], {}
        with reading(self._engine) as connection:
            for some in in_chunks(sorted(subjects)):
                for row in connection.execute(select(table).where(table.c.subject.in_(some))):
                    found[row[0]] = row[1]
        return found

    def scan(self, name: str, *, after: bytes, limit: int) -> Sequence[tuple[bytes, bytes]]:
        """States by subject id, ascending."""
        table = SLOTS[name][0]
        query = select(table).where(table.c.subject > after).order_by(table.c.subject).limit(limit)
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def shared(self, name: str) -> dict[str, bytes]:
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(select(SLOTS[name][1]))}

    def save(
        self,
        name: str,
        *,
        expected: Mark,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> Mark:
        with writing(self._engine) as connection:
            moved = _advance(connection, name, expected, checkpoint)
            table, commons = SLOTS[name]
            for some in in_chunks(sorted(states)):
                connection.execute(delete(table).where(table.c.subject.in_(some)))
            kept = sorted((subject, sealed) for subject, sealed in states.items() if sealed is not None)
            insert_rows(connection, table, "subject, sealed", kept, "bytea bytea")
            connection.execute(delete(commons).where(commons.c.name.in_(sorted(shared))))
            rows = sorted((key, sealed) for key, sealed in shared.items() if sealed is not None)
            insert_rows(connection, commons, "name, sealed", rows, "text bytea")
        return moved

    def clear(self, name: str) -> Mark:
        """Empty a slot; whoever was filling it finds its checkpoint moved."""
        with writing(self._engine) as connection:
            for table in SLOTS[name]:
                connection.execute(delete(table))
            back = update(slot).where(slot.c.name == name)
            connection.execute(back.values(checkpoint=-1, revision=slot.c.revision + 1))
        return self.mark(name)

    def switch(self, name: str) -> None:
        """Serve from this slot, which must have been filled; the other is emptied."""
        with writing(self._engine) as connection:
            connection.execute(update(slot).values(active=0))
            connection.execute(update(slot).where(slot.c.name == name).values(active=1))
        self.clear(next(other for other in SLOTS if other != name))


def _advance(connection: Connection, name: str, expected: Mark, checkpoint: int) -> Mark:
    change = update(slot).where(
        slot.c.name == name, slot.c.checkpoint == expected.checkpoint, slot.c.revision == expected.revision
    )
    values = {"checkpoint": checkpoint, "revision": expected.revision + 1}
    if connection.execute(change.values(values)).rowcount != 1:
        raise MovedOn(f"slot {name} is no longer at {expected.checkpoint}")
    return Mark(checkpoint, expected.revision + 1)
