"""The keyring's rows in SQL: subjects, wrapped keys, blind identifiers, merges, suppression marks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Engine, Select, delete, exists, func, insert, select, update

from adapters.sql.engine import insert_rows, reading, writing, writing_at_once
from adapters.sql.governing import GoverningRows, remove, where
from adapters.sql.log import in_chunks
from adapters.sql.schema import (
    KEYRING,
    data_key,
    hold,
    identifier,
    merge,
    number,
    request,
    secret,
    subject,
    suppression,
)
from adapters.sql.schema import taken as takes
from governance.keyrows import IdentifierRow, KeyRow, MergeRow, SecretRow, SubjectRow


class SqlKeyDatabase:
    """Where the keyring lies; hands out its rows for reading, or for writing outside an append."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator["SqlKeyRows"]:
        with reading(self._engine) as connection:
            yield SqlKeyRows(connection)

    @contextmanager
    def writing(self) -> Iterator["SqlKeyRows"]:
        with writing(self._engine) as connection:
            yield SqlKeyRows(connection)

    @contextmanager
    def writing_at_once(self) -> Iterator["SqlKeyRows | None"]:
        with writing_at_once(self._engine) as connection:
            yield None if connection is None else SqlKeyRows(connection)


class SqlKeyRows(GoverningRows):
    """The rows on one connection."""

    def number(self, name: str) -> int:
        return self._connection.execute(select(number.c.value).where(number.c.name == name)).scalar() or 0

    def set_number(self, name: str, value: int) -> None:
        if self._connection.execute(update(number).where(number.c.name == name).values(value=value)).rowcount == 0:
            self._connection.execute(insert(number).values(name=name, value=value))

    def subjects(self, ids: Collection[bytes]) -> dict[bytes, SubjectRow]:
        return {row[0]: SubjectRow._make(row) for row in self._where(select(subject), subject.c.subject, ids)}

    def subjects_in(self, states: Collection[int]) -> Sequence[SubjectRow]:
        query = select(subject).where(subject.c.state.in_(states), subject.c.state > 0)
        return [SubjectRow._make(row) for row in self._connection.execute(query)]

    def every_subject(self) -> Sequence[SubjectRow]:
        """People and cases, in whatever state."""
        return [SubjectRow._make(row) for row in self._connection.execute(select(subject))]

    def of_case(self, case: bytes, state: int) -> Sequence[SubjectRow]:
        query = select(subject).where(subject.c.case_id == case, subject.c.state == state, subject.c.state > 0)
        return [SubjectRow._make(row) for row in self._connection.execute(query)]

    def identifiers(self, blinds: Collection[bytes]) -> dict[bytes, IdentifierRow]:
        rows = self._where(select(identifier), identifier.c.blind, blinds)
        return {row[0]: IdentifierRow._make(row) for row in rows}

    def identifiers_of(self, subjects: Collection[bytes]) -> Sequence[IdentifierRow]:
        return [IdentifierRow._make(row) for row in self._where(select(identifier), identifier.c.subject, subjects)]

    def roots(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        """The surviving subject of each that was absorbed; the others are not in the answer."""
        into: dict[bytes, bytes] = {}
        wanted: set[bytes] = set(subjects)
        while wanted:
            rows = self._where(select(merge.c.absorbed, merge.c.into), merge.c.absorbed, wanted)
            into.update((row[0], row[1]) for row in rows)
            wanted = {row[1] for row in rows} - into.keys()
        return {one: _end(one, into) for one in subjects if one in into}

    def absorbing(self, subjects: Collection[bytes]) -> set[bytes]:
        """Which of these have absorbed another."""
        return {row[0] for row in self._where(select(merge.c.into), merge.c.into, subjects)}

    def members(self, root: bytes) -> Sequence[bytes]:
        """The component of a root: itself and all that it absorbed, directly or not."""
        found, wanted = {root: None}, {root}
        while wanted:
            rows = self._where(select(merge.c.absorbed), merge.c.into, wanted)
            wanted = {row[0] for row in rows} - found.keys()
            found.update(dict.fromkeys(sorted(wanted)))
        return list(found)

    def keys(self, key_ids: Collection[bytes], *, taken: bool = False) -> Sequence[KeyRow]:
        return [KeyRow._make(row) for row in self._where(_keys(taken), data_key.c.key_id, key_ids)]

    def keys_of(
        self, subjects: Collection[bytes], klass: str | None = None, *, taken: bool = False
    ) -> Sequence[KeyRow]:
        query = _keys(taken) if klass is None else _keys(taken).where(data_key.c["class"] == klass)
        return [KeyRow._make(row) for row in self._where(query, data_key.c.subject, subjects)]

    def keys_in(self, klass: str, epoch: int) -> Sequence[KeyRow]:
        """Every key of a class and epoch, taken ones too, by id."""
        query = select(data_key).where(data_key.c["class"] == klass, data_key.c.epoch == epoch)
        return [KeyRow._make(row) for row in self._connection.execute(query.order_by(data_key.c.key_id))]

    def epochs(self) -> Sequence[tuple[str, int, int]]:
        """(class, epoch, number of keys), sorted; taken ones are counted too."""
        place = (data_key.c["class"], data_key.c.epoch)
        query = select(*place, func.count()).group_by(*place).order_by(*place)
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]

    def keys_after(self, key_id: bytes | None, *, limit: int) -> Sequence[KeyRow]:
        """Every key by its id, ascending, above this one."""
        query = select(data_key).order_by(data_key.c.key_id).limit(limit)
        if key_id is not None:
            query = query.where(data_key.c.key_id > key_id)
        return [KeyRow._make(row) for row in self._connection.execute(query)]

    def suppressed(self, marks: Collection[bytes]) -> dict[bytes, bytes]:
        return {row[0]: row[1] for row in self._where(select(suppression), suppression.c.mark, marks)}

    def secrets(self, name: str) -> Sequence[SecretRow]:
        query = select(secret).where(secret.c.name == name).order_by(secret.c.serial)
        return [SecretRow._make(row) for row in self._connection.execute(query)]

    def add_subjects(self, rows: Sequence[SubjectRow]) -> None:
        types = "bytea int8 int2 bytea int8"
        insert_rows(self._connection, subject, "subject, handle, state, case_id, born", rows, types)

    def add_keys(self, rows: Sequence[KeyRow]) -> None:
        columns = 'key_id, subject, "class", epoch, generation, wrapped, committed_at, born'
        insert_rows(self._connection, data_key, columns, rows, "bytea bytea text int4 int4 bytea int8 int8")

    def add_identifiers(self, rows: Sequence[IdentifierRow]) -> None:
        insert_rows(self._connection, identifier, "blind, subject, strength, born", rows, "bytea bytea int2 int8")

    def add_merges(self, rows: Sequence[MergeRow]) -> None:
        insert_rows(self._connection, merge, 'absorbed, "into", born', rows, "bytea bytea int8")

    def add_suppressions(self, marks: Mapping[bytes, bytes]) -> None:
        """Suppress these; one that an earlier case has suppressed belongs to the new case from now on."""
        self._delete(suppression.c.mark, marks)
        insert_rows(self._connection, suppression, "mark, case_id", sorted(marks.items()), "bytea bytea")

    def add_secret(self, row: SecretRow) -> None:
        self._connection.execute(insert(secret).values(row._asdict()))

    def drop_secrets(self, name: str, *, before: int) -> None:
        self._connection.execute(delete(secret).where(secret.c.name == name, secret.c.serial < before))

    def set_state(self, subjects: Collection[bytes], state: int, case_id: bytes) -> None:
        for some in in_chunks(sorted(subjects)):
            change = update(subject).where(subject.c.subject.in_(some))
            self._connection.execute(change.values(state=state, case_id=case_id))

    def forget_names(self, subjects: Collection[bytes]) -> None:
        """Remove identifiers and merges: nothing leads to these subjects any more."""
        self._delete(identifier.c.subject, subjects)
        self._delete(merge.c.absorbed, subjects)

    def drop_born_since(self, size: int) -> None:
        """Forget what an append wrote here whose entries never reached the log."""
        for table in (data_key, identifier, merge, subject, hold, request):
            self._connection.execute(delete(table).where(table.c.born >= size))

    def counts(self) -> Mapping[str, int]:
        """Rows by table."""
        return {
            table.name: self._connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in KEYRING.sorted_tables
        }

    def _where(self, query: Select[Any], column: Column[Any], values: Collection[bytes]) -> list[Any]:
        return where(self._connection, query, column, values)

    def _delete(self, column: Column[Any], values: Collection[bytes]) -> int:
        return remove(self._connection, column, values)


def _keys(taken: bool) -> Select[Any]:
    """Rows of data keys; those that a removal has taken only when asked for."""
    if taken:
        return select(data_key)
    return select(data_key).where(~exists().where(takes.c.key_id == data_key.c.key_id))


def _end(one: bytes, into: Mapping[bytes, bytes]) -> bytes:
    passed = set()
    while one in into and one not in passed:
        passed.add(one)
        one = into[one]
    return one
