"""Migrations are history: they make what `schema.py` describes, whatever becomes of `schema.py` later."""

import ast
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.schema import CreateSchema

from adapters.settings import Settings
from adapters.sql.engine import SCHEMAS, Databases, open_directory, open_server
from adapters.sql.migrate import check_versions, migrate
from adapters.sql.schema import KEYRING, LOG, PROJECTIONS
from domain.errors import Unavailable
from tests.conftest import new_database, settings_for

TABLES = {"log": LOG, "keyring": KEYRING, "projections": PROJECTIONS}
VERSIONS = sorted(Path(str(files("adapters.sql"))).glob("migrations/*/versions/*.py"))

SERVER_COLUMNS = """
    SELECT table_name, column_name, ordinal_position, udt_name, is_nullable, column_default, is_identity
    FROM information_schema.columns WHERE table_schema = :schema AND table_name <> 'alembic_version'"""
SERVER_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = :schema ::regnamespace AND conrelid::regclass::text NOT LIKE '%alembic_version'"""
SERVER_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = :schema AND tablename <> 'alembic_version'"""
EMBEDDED = "SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND tbl_name <> 'alembic_version'"


def opened(settings: Settings) -> Databases:
    if settings.is_server:
        return open_server(settings.store)
    Path(settings.store).mkdir(parents=True)
    return open_directory(Path(settings.store))


def described(settings: Settings) -> Databases:
    """Databases made from `schema.py` itself."""
    databases = opened(settings)
    for (schema, tables), engine in zip(TABLES.items(), databases, strict=True):
        with engine.begin() as connection:
            if databases.is_server:
                connection.execute(CreateSchema(schema))
            tables.create_all(connection)
    return databases


def shape(engine: Engine, schema: str) -> list[tuple[object, ...]]:
    """Every table, column, key and index as the database's own catalogue tells it."""
    queries: Sequence[str] = (EMBEDDED,)
    if engine.dialect.name == "postgresql":
        queries = (SERVER_COLUMNS, SERVER_KEYS, SERVER_INDEXES)
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(text(query), {"schema": schema})]
    return sorted(tuple(" ".join(str(value).split()) for value in row) for row in rows)


@pytest.fixture
def other_settings(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A second place like that of `settings`."""
    if settings.is_server:
        return settings_for(new_database(request.getfixturevalue("postgres")), tmp_path)
    return settings_for(str(tmp_path / "other"), tmp_path)


def test_a_migrated_database_is_the_one_that_the_schema_describes(settings: Settings, other_settings: Settings) -> None:
    migrated, expected = opened(settings), described(other_settings)

    migrate(migrated)

    for schema, ours, theirs in zip(SCHEMAS, migrated, expected, strict=True):
        found = shape(ours, schema)
        assert found == shape(theirs, schema)
        assert len(found) >= len(TABLES[schema].tables)


def test_migrating_twice_changes_nothing(settings: Settings) -> None:
    databases = opened(settings)
    migrate(databases)
    before = [shape(engine, schema) for schema, engine in zip(SCHEMAS, databases, strict=True)]

    migrate(databases)

    assert [shape(engine, schema) for schema, engine in zip(SCHEMAS, databases, strict=True)] == before
    check_versions(databases)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_store_of_another_version_is_refused_by_name(settings: Settings, schema: str) -> None:
    databases = opened(settings)
    migrate(databases)
    table = f"{schema}.alembic_version" if databases.is_server else "alembic_version"
    with databases[SCHEMAS.index(schema)].begin() as connection:
        connection.execute(text(f"UPDATE {table} SET version_num = 'from_the_future'"))

    with pytest.raises(Unavailable, match=f"schema {schema} is at version from_the_future"):
        check_versions(databases)


def test_a_database_without_a_store_is_refused(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="no store here"):
        check_versions(opened(settings))


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_does_not_lean_on_code_that_will_change(path: Path) -> None:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))

    modules = {
        name
        for node in tree
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }

    assert {name.partition(".")[0] for name in modules} == {"alembic", "sqlalchemy"}


def test_every_schema_has_tables_and_a_migration() -> None:
    assert {path.parent.parent.name for path in VERSIONS} == set(TABLES)
    assert all(tables.tables for tables in TABLES.values())
