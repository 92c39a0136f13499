"""Schema versions by Alembic: one chain of migrations per database or schema."""

from importlib.resources import files

from sqlalchemy import Engine, inspect, text

from adapters.sql.engine import SCHEMAS, Databases, reading
from domain.errors import Unavailable

HEADS = {"log": "log_0001", "keyring": "keyring_0002", "projections": "projections_0001"}


def migrate(databases: Databases) -> None:
    """Bring every schema to the newest version; a schema that is there already is left alone."""
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
            command.upgrade(config, "head")
            connection.commit()


def check_versions(databases: Databases) -> None:
    """Raises Unavailable unless every schema is at the version that this program writes."""
    for schema, engine in zip(SCHEMAS, databases, strict=True):
        found = _version(engine, schema if databases.is_server else None)
        if found is None:
            raise Unavailable("there is no store here; make one with `lethe init`")
        if found != HEADS[schema]:
            raise Unavailable(f"schema {schema} is at version {found}, this program writes {HEADS[schema]}")


def _version(engine: Engine, schema: str | None) -> str | None:
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version", schema=schema):
            return None
        prefix = f"{schema}." if schema else ""
        row = connection.exec_driver_sql(f"SELECT version_num FROM {prefix}alembic_version").fetchone()
        return str(row[0]) if row else None
