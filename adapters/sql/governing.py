"""The keyring's rows that governance works by: taken keys, holds, requests, leases, terms of suppression marks."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, delete, func, insert, select, update

from adapters.sql.log import in_chunks
from adapters.sql.schema import data_key, hold, identifier, lease, merge, request, secret, suppression, taken, term
from governance.keyrows import STRONG, HoldRow, KeyCount, KeyRow, LeaseRow, SecretRow, TermRow


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

    def cases_keeping(self, but: str) -> Sequence[bytes]:
        """Cases of which taken keys are still there, of other classes than this one; sorted."""
        both = select(taken.c.case_id).join(data_key, data_key.c.key_id == taken.c.key_id)
        query = both.where(data_key.c["class"] != but).distinct().order_by(taken.c.case_id)
        return [row[0] for row in self._connection.execute(query)]

    def take(self, key_ids: Collection[bytes], case: bytes) -> None:
        """Mark keys; one that another case had taken belongs to this one from now on."""
        remove(self._connection, taken.c.key_id, key_ids)
        rows = [{"key_id": one, "case_id": case} for one in sorted(key_ids)]
        if rows:
            self._connection.execute(insert(taken), rows)

    def destroy_keys(self, key_ids: Collection[bytes]) -> int:
        """Remove keys and their marks; returns how many keys there were."""
        remove(self._connection, taken.c.key_id, key_ids)
        return remove(self._connection, data_key.c.key_id, key_ids)

    def merges_of(self, absorbed: Collection[bytes]) -> dict[bytes, bytes]:
        """Whom each of these was absorbed into, directly."""
        query = select(merge.c.absorbed, merge.c.into)
        return {row[0]: row[1] for row in where(self._connection, query, merge.c.absorbed, absorbed)}

    def drop_merge(self, absorbed: bytes) -> None:
        """The subject stands for itself again."""
        remove(self._connection, merge.c.absorbed, [absorbed])

    def keep_apart(self, subjects: Collection[bytes]) -> None:
        """Nobody absorbs these by chance any more: their identifiers count as strong."""
        for some in in_chunks(sorted(subjects)):
            change = update(identifier).where(identifier.c.subject.in_(some))
            self._connection.execute(change.values(strength=STRONG))

    def holds_of(self, subjects: Collection[bytes]) -> Sequence[HoldRow]:
        return [HoldRow._make(row) for row in where(self._connection, select(hold), hold.c.subject, subjects)]

    def holds(self, ids: Collection[bytes]) -> Sequence[HoldRow]:
        return [HoldRow._make(row) for row in where(self._connection, select(hold), hold.c.hold, ids)]

    def any_hold(self) -> bool:
        return self._connection.execute(select(hold.c.hold).limit(1)).first() is not None

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
        """Open a case; one that was closed is open again."""
        if self._connection.execute(update(request).where(request.c.case_id == case).values(is_open=1)).rowcount == 0:
            self._connection.execute(insert(request).values(case_id=case, is_open=1, born=born))

    def close_request(self, case: bytes) -> None:
        self._connection.execute(update(request).where(request.c.case_id == case).values(is_open=0))

    def leases(self) -> Sequence[LeaseRow]:
        return [LeaseRow._make(row) for row in self._connection.execute(select(lease))]

    def keep_lease(self, row: LeaseRow) -> None:
        """Write a process's row anew."""
        remove(self._connection, lease.c.process, [row.process])
        self._connection.execute(insert(lease).values(row._asdict()))

    def drop_leases(self, rows: Sequence[LeaseRow]) -> None:
        """Remove these, but none that its process has written anew since it was read."""
        for row in rows:
            same = (lease.c.process == row.process, lease.c.changes == row.changes)
            self._connection.execute(delete(lease).where(*same))

    def key_counts(self) -> Sequence[KeyCount]:
        """By generation and class, sorted."""
        place = (data_key.c.generation, data_key.c["class"])
        query = select(*place, func.count(), func.min(data_key.c.committed_at)).group_by(*place).order_by(*place)
        return [KeyCount._make(row) for row in self._connection.execute(query)]

    def keys_below(self, generation: int, *, limit: int) -> Sequence[KeyRow]:
        """Keys of older generations, taken ones too."""
        query = select(data_key).where(data_key.c.generation < generation).limit(limit)
        return [KeyRow._make(row) for row in self._connection.execute(query)]

    def every_secret(self) -> Sequence[SecretRow]:
        query = select(secret).order_by(secret.c.name, secret.c.serial)
        return [SecretRow._make(row) for row in self._connection.execute(query)]

    def rewrap_keys(self, rows: Sequence[KeyRow]) -> None:
        """Change how keys are wrapped; one that was destroyed meanwhile stays so."""
        values = [{"the_key": row.key_id, "under": row.generation, "bytes": row.wrapped} for row in rows]
        change = update(data_key).where(data_key.c.key_id == bindparam("the_key"))
        if values:
            self._connection.execute(change.values(generation=bindparam("under"), wrapped=bindparam("bytes")), values)

    def rewrap_secrets(self, rows: Sequence[SecretRow]) -> None:
        """Change how secrets are wrapped."""
        for row in rows:
            same = (secret.c.name == row.name, secret.c.serial == row.serial)
            self._connection.execute(update(secret).where(*same).values(generation=row.generation, wrapped=row.wrapped))

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

    def blinds(self) -> Sequence[bytes]:
        """Every blind index value."""
        return list(self._connection.execute(select(identifier.c.blind)).scalars())

    def drop_identifiers(self, blinds: Collection[bytes]) -> None:
        remove(self._connection, identifier.c.blind, blinds)

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
