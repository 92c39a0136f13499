"""Schema versions by Alembic: one chain of migrations per database or schema."""

from collections.abc import Mapping
from importlib.resources import files

from sqlalchemy import Engine, inspect, text

from adapters.sql.engine import SCHEMAS, Databases, reading
from domain.errors import Unavailable

VERSIONS = {
    "log": ("log_0001",),
    "keyring": ("keyring_0001", "keyring_0002"),
    "projections": ("projections_0001",),
}
"""Every version that there was, in their order."""

HEADS = {schema: versions[-1] for schema, versions in VERSIONS.items()}


def migrate(databases: Databases, revisions: Mapping[str, str] = HEADS) -> None:
    """Bring every schema to the newest version, or to these; a schema that is there already is left alone."""
    from alembic import command
    from alembic.config import Config

    for schema, engine in zip(SCHEMAS, databases, strict=True):
        config = Config()
        config.set_main_option("script_location", str(files("adapters.sql") / "migrations" / schema))
        config.set_main_option("version_locations", str(files("adapters.sql") / "migrations" / schema / "versions"))
        config.set_main_option("path_separator", "os")
        with reading(engine) as connection:
            if databases.is_server:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
                connection.commit()
            config.attributes["connection"] = connection
            config.attributes["schema"] = schema if databases.is_server else None
            command.upgrade(config, revisions[schema])
            connection.commit()


def check_versions(databases: Databases) -> None:
    """Raises Unavailable unless every schema is at the version that this program writes."""
    for schema, engine in zip(SCHEMAS, databases, strict=True):
        found = _version(engine, schema if databases.is_server else None)
        if found is None:
            raise Unavailable("there is no store here; make one with `lethe init`")
        if found != HEADS[schema]:
            hint = "; bring it up with `lethe migrate`" if found in VERSIONS[schema] else ""
            raise Unavailable(f"schema {schema} is at version {found}, this program writes {HEADS[schema]}{hint}")


def versions_of(databases: Databases) -> dict[str, str | None]:
    """By schema; None for one that is not there."""
    return {
        schema: _version(engine, schema if databases.is_server else None)
        for schema, engine in zip(SCHEMAS, databases, strict=True)
    }


def _version(engine: Engine, schema: str | None) -> str | None:
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version", schema=schema):
            return None
        prefix = f"{schema}." if schema else ""
        row = connection.exec_driver_sql(f"SELECT version_num FROM {prefix}alembic_version").fetchone()
        return str(row[0]) if row else None
