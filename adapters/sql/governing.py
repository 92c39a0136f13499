"""The keyring's rows that governance works by: taken keys, holds, requests, leases, terms of suppression marks."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, delete, insert, select, update

from adapters.sql.log import in_chunks
from adapters.sql.schema import data_key, hold, lease, request, suppression, taken, term
from governance.keyrows import HoldRow, LeaseRow, TermRow


class GoverningRows:
    """The part of `KeyRows` that concerns work of governance, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def taken(self, key_ids: Collection[bytes]) -> dict[bytes, bytes]:
        """The case that took each key; keys that none took are not in the answer."""
        return {row[0]: row[1] for row in where(self._connection, select(taken), taken.c.key_id, key_ids)}

    def taken_by(self, case: bytes) -> Sequence[bytes]:
        query = select(taken.c.key_id).where(taken.c.case_id == case).order_by(taken.c.key_id)
        return [row[0] for row in self._connection.execute(query)]

    def take(self, key_ids: Collection[bytes], case: bytes) -> None:
        """Mark keys; one that another case had taken belongs to this one from now on."""
        self.give_back(key_ids)
        rows = [{"key_id": one, "case_id": case} for one in sorted(key_ids)]
        if rows:
            self._connection.execute(insert(taken), rows)

    def give_back(self, key_ids: Collection[bytes]) -> None:
        """Unmark keys."""
        remove(self._connection, taken.c.key_id, key_ids)

    def destroy_keys(self, key_ids: Collection[bytes]) -> int:
        """Remove keys and their marks; returns how many keys there were."""
        remove(self._connection, taken.c.key_id, key_ids)
        return remove(self._connection, data_key.c.key_id, key_ids)

    def holds_of(self, subjects: Collection[bytes]) -> Sequence[HoldRow]:
        return [HoldRow._make(row) for row in where(self._connection, select(hold), hold.c.subject, subjects)]

    def holds(self, ids: Collection[bytes]) -> Sequence[HoldRow]:
        return [HoldRow._make(row) for row in where(self._connection, select(hold), hold.c.hold, ids)]

    def add_hold(self, row: HoldRow) -> None:
        self._connection.execute(insert(hold).values(row._asdict()))

    def drop_holds(self, ids: Collection[bytes]) -> None:
        remove(self._connection, hold.c.hold, ids)

    def requests(self, *, open_only: bool, limit: int) -> Sequence[bytes]:
        """Cases of subject requests, the newest first."""
        query = select(request.c.case_id).order_by(request.c.born.desc(), request.c.case_id).limit(limit)
        if open_only:
            query = query.where(request.c.is_open == 1)
        return [row[0] for row in self._connection.execute(query)]

    def add_request(self, case: bytes, born: int) -> None:
        self._connection.execute(insert(request).values(case_id=case, is_open=1, born=born))

    def close_request(self, case: bytes) -> None:
        self._connection.execute(update(request).where(request.c.case_id == case).values(is_open=0))

    def leases(self) -> Sequence[LeaseRow]:
        return [LeaseRow._make(row) for row in self._connection.execute(select(lease))]

    def keep_lease(self, row: LeaseRow) -> None:
        """Write a process's row anew."""
        remove(self._connection, lease.c.process, [row.process])
        self._connection.execute(insert(lease).values(row._asdict()))

    def drop_leases(self, processes: Collection[bytes]) -> None:
        remove(self._connection, lease.c.process, processes)

    def terms(self, marks: Collection[bytes]) -> dict[bytes, TermRow]:
        return {row[0]: TermRow._make(row) for row in where(self._connection, select(term), term.c.mark, marks)}

    def set_terms(self, rows: Sequence[TermRow]) -> None:
        remove(self._connection, term.c.mark, [row.mark for row in rows])
        if rows:
            self._connection.execute(insert(term), [row._asdict() for row in rows])

    def all_marks(self, *, after: bytes, limit: int) -> Sequence[tuple[bytes, bytes]]:
        """(mark, case) ascending."""
        query = select(suppression).where(suppression.c.mark > after).order_by(suppression.c.mark).limit(limit)
        return [(row[0], row[1]) for row in self._connection.execute(query)]

    def drop_marks(self, marks: Collection[bytes]) -> None:
        remove(self._connection, suppression.c.mark, marks)
        remove(self._connection, term.c.mark, marks)


def where(connection: Connection, query: Select[Any], column: Column[Any], values: Collection[bytes]) -> list[Any]:
    """The rows whose column is one of the values, in chunks that every database takes."""
    rows: list[Any] = []
    for some in in_chunks(sorted(values)):
        rows += connection.execute(query.where(column.in_(some))).fetchall()
    return rows


def remove(connection: Connection, column: Column[Any], values: Collection[bytes]) -> int:
    """Delete the rows whose column is one of the values; returns how many there were."""
    removed = 0
    for some in in_chunks(sorted(values)):
        removed += connection.execute(delete(column.table).where(column.in_(some))).rowcount
    return removed
