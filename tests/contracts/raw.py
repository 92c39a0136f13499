"""Below the ports: the databases of a store, for tests that tamper with it or crash it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from adapters.settings import Settings
from adapters.sql.engine import SCHEMAS, Databases, open_directory, open_server
from domain.acts import Act, Attested
from governance.keyrows import KeyRow
from governance.store import Store, append_acts
from governance.subjects import Component, component, find


def databases_of(settings: Settings) -> Databases:
    """Connections of our own to the store's databases."""
    return open_server(settings.store) if settings.directory is None else open_directory(settings.directory)


def execute(databases: Databases, schema: str, statement: str, **values: Any) -> list[Any]:
    """Run one statement in a transaction; `{at}` in it becomes the schema's prefix."""
    at = f"{schema}." if databases.is_server else ""
    with databases[SCHEMAS.index(schema)].begin() as connection:
        result = connection.execute(text(statement.format(at=at)), values)
        return list(result) if result.returns_rows else []


def thaw(databases: Databases, table: str) -> None:
    """Take away what keeps a table of the log from being changed: what a thief of the file would do first."""
    if databases.is_server:
        execute(databases, "log", f"ALTER TABLE log.{table} DISABLE TRIGGER USER")
        return
    found = execute(
        databases, "log", "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t", t=table
    )
    for (name,) in found:
        execute(databases, "log", f"DROP TRIGGER {name}")


def attested(count: int, *, first: int = 0) -> Sequence[tuple[str, Act]]:
    """Acts that only take up room."""
    numbers = range(first, first + count)
    return [
        ("attested", Attested(name=f"n{number}", through=number, digest="0" * 16 + ":" + "00" * 32))
        for number in numbers
    ]


def grow(store: Store, size: int) -> None:
    """Append acts in uneven appends until the log has this size."""
    pace = 1
    while (now := store.log.head().size) < size:
        append_acts(store, attested(min(pace, size - now), first=now))
        pace = pace * 3 + 1


def stored(databases: Databases) -> dict[str, list[Any]]:
    """Every row of the log and the keyring, by table."""
    tables = {
        "log": ("head", "entry", "body", "stream", "tile", "rejection", "progress", "document"),
        "keyring": ("number", "subject", "data_key", "identifier", "merge", "suppression", "secret"),
    }
    return {
        f"{schema}.{table}": sorted(map(repr, execute(databases, schema, f"SELECT * FROM {{at}}{table}")))
        for schema, names in tables.items()
        for table in names
    }


def who(store: Store, identifier: str) -> Component:
    """The living person that an identifier names."""
    return component(store, find(store, identifier))


def keys_of(store: Store, identifier: str) -> list[KeyRow]:
    """The rows of a person's keys, in a fixed order."""
    return sorted(who(store, identifier).keys)
