"""Opening databases: what every connection must have, and the transactions that adapters use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.exc import ArgumentError, OperationalError

from domain.errors import Unavailable

SCHEMAS = ("log", "keyring", "projections")
PATIENCE_MS = 120_000
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "temp_store=MEMORY",
    f"busy_timeout={PATIENCE_MS}",
    "cache_size=-32000",
    "journal_size_limit=67108864",
)


class Databases(NamedTuple):
    """One engine per schema: three files, or three views of one server."""

    log: Engine
    keyring: Engine
    projections: Engine

    @property
    def is_server(self) -> bool:
        return self.log.dialect.name == "postgresql"

    def dispose(self) -> None:
        for engine in set(self):
            engine.dispose()


def open_directory(directory: Path) -> Databases:
    """The embedded store: one SQLite file per schema."""
    return Databases(*(_sqlite(directory / f"{schema}.db") for schema in SCHEMAS))


def open_server(url: str) -> Databases:
    """The server store. Raises Unavailable for no address, or when the driver extra is missing."""
    driver_url = "postgresql+psycopg://" + url.partition("://")[2]
    try:
        engine = create_engine(driver_url, pool_size=4, max_overflow=8)
    except (ArgumentError, ValueError) as error:
        raise Unavailable("the store's address is none of PostgreSQL") from error
    except ModuleNotFoundError as error:
        raise Unavailable("PostgreSQL needs the extra `postgres`: pip install 'lethe-profiles[postgres]'") from error
    return Databases(engine, engine, engine)


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 120},
    ).execution_options(schema_translate_map=dict.fromkeys(SCHEMAS))

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        if connection.execute("PRAGMA secure_delete").fetchone()[0] != 1:
            raise Unavailable("this SQLite build refuses secure_delete; erased bytes would stay in free pages")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for short reads; each statement sees what is committed when it starts."""
    with _connected(engine) as connection:
        yield connection


@contextmanager
def begin_writing(engine: Engine) -> Iterator[Connection]:
    """A connection inside a write transaction; on SQLite it is the only one of its file."""
    with _connected(engine) as connection:
        try:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            raise Unavailable("the database does not answer") from error
        try:
            yield connection
        except BaseException:
            connection.invalidate()  # SQLAlchemy rolls no failed COMMIT back: the pool would keep the lock
            raise


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError as error:
        raise Unavailable("the database does not answer") from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Commits when the block ends, rolls back when it raises."""
    with begin_writing(engine) as connection:
        yield connection
        connection.commit()


@contextmanager
def writing_at_once(engine: Engine) -> Iterator[Connection | None]:
    """As `writing`, but None where another transaction holds the whole file: what may be left undone waits for none."""
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with _connected(engine) as connection:
        try:
            is_begun = _began_at_once(connection)
            yield connection if is_begun else None
            if is_begun:
                connection.commit()
        except BaseException:
            connection.invalidate()  # as above
            raise


def _began_at_once(connection: Connection) -> bool:
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError:
        return False
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE_MS}")
    return True


def qualified(connection: Connection, table: Table) -> str:
    """The table's name as raw SQL of this database says it."""
    quoted = f'"{table.name}"'
    return quoted if connection.dialect.name == "sqlite" else f"{table.schema}.{quoted}"


def insert_rows(connection: Connection, table: Table, columns: str, rows: Sequence[Sequence[Any]], types: str) -> None:
    """Bulk insert below the ORM: executemany on SQLite, binary COPY on PostgreSQL.

    `types` names the PostgreSQL type of each column, blank-separated.
    """
    if not rows:
        return
    target = qualified(connection, table)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * (columns.count(",") + 1))
        raw: Any = connection.connection.driver_connection
        raw.executemany(f"INSERT INTO {target} ({columns}) VALUES ({marks})", rows)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)
