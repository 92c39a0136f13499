"""The databases themselves refuse to change what was appended, whoever asks."""

import pytest
from sqlalchemy.exc import DBAPIError

from adapters.settings import Settings
from adapters.sql.engine import Databases
from governance.audit import verify_live
from governance.store import Store
from tests.conftest import call, take_in
from tests.contracts.raw import databases_of, execute, grow, stored

COLUMNS = {
    "entry": ("position", "entry_id", "day", "key_id", "content", "act", "actor", "fields", "hash"),
    "tile": ("level", "number", "hashes", "root"),
    "body": ("position", "sealed"),
}
CONFLICTS = {"entry": "position", "tile": "level, number", "body": "position"}


def attempts(table: str, *, server: bool) -> list[str]:
    """Every way to change rows of this table that the database knows."""
    first = COLUMNS[table][-1]
    tries = [f"UPDATE {{at}}{table} SET {column} = {column}" for column in COLUMNS[table]]
    if table != "body":
        tries.append(f"DELETE FROM {{at}}{table}")
    again = f"INTO {{at}}{table} SELECT * FROM {{at}}{table} WHERE true"
    tries.append(f"INSERT {again} ON CONFLICT ({CONFLICTS[table]}) DO UPDATE SET {first} = excluded.{first}")
    if server:
        return [*tries, f"TRUNCATE {{at}}{table}"]
    return [*tries, f"INSERT OR REPLACE {again}", f"UPDATE OR REPLACE {table} SET {first} = {first}"]


def full(store: Store, settings: Settings) -> Databases:
    """A store with entries of both kinds, bodies and a full tile."""
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    grow(store, 257)
    return databases_of(settings)


@pytest.mark.parametrize("table", COLUMNS)
def test_no_statement_changes_what_was_appended(store: Store, settings: Settings, table: str) -> None:
    databases = full(store, settings)
    before = stored(databases)
    assert before[f"log.{table}"]

    for statement in attempts(table, server=databases.is_server):
        with pytest.raises(DBAPIError, match="the log is append only"):
            execute(databases, "log", statement)

    assert stored(databases) == before
    assert verify_live(store).findings == []


def test_a_body_may_be_dropped_but_not_all_at_once(store: Store, settings: Settings) -> None:
    databases = full(store, settings)

    execute(databases, "log", "DELETE FROM {at}body WHERE position = (SELECT max(position) FROM {at}body)")

    assert [finding.name for finding in verify_live(store).findings] == ["missing"]
