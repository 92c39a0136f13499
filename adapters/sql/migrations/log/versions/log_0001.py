"""The log: entries that the database itself keeps from changing."""

import sqlalchemy as sa
from alembic import op

revision = "log_0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # INTEGER PRIMARY KEY is SQLite's own row number
FROZEN = {"entry": ("UPDATE", "DELETE"), "tile": ("UPDATE", "DELETE"), "body": ("UPDATE",)}
KEYS = {"entry": ("position",), "tile": ("level", "number"), "body": ("position",)}


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    schema = "log" if server else None
    create_entries(schema)
    create_tree(schema)
    create_notes(schema)
    if server:
        freeze_server()
    else:
        freeze_embedded()


def create_entries(schema: str | None) -> None:
    op.create_table(
        "entry",
        sa.Column("position", BIG, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.LargeBinary()),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("act", sa.Text()),
        sa.Column("actor", sa.LargeBinary()),
        sa.Column("fields", sa.Text()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        schema=schema,
    )
    acts = sa.text("act IS NOT NULL")
    op.create_index("entry_act", "entry", ["act", "position"], schema=schema, sqlite_where=acts, postgresql_where=acts)
    op.create_table(
        "body",
        sa.Column("position", BIG, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        schema=schema,
    )
    op.create_table(
        "stream",
        sa.Column("handle", BIG, primary_key=True, autoincrement=False),
        sa.Column("position", BIG, primary_key=True, autoincrement=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )


def create_tree(schema: str | None) -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        schema=schema,
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        schema=schema,
    )


def create_notes(schema: str | None) -> None:
    op.create_table(
        "rejection",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("record", BIG, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        schema=schema,
    )
    op.create_table(
        "progress",
        sa.Column("source", sa.LargeBinary(), primary_key=True),
        sa.Column("records", BIG, nullable=False),
        schema=schema,
    )
    op.create_table(
        "document",
        sa.Column("hash", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        schema=schema,
    )


def freeze_embedded() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the log is append only'); END"
    for table, verbs in FROZEN.items():
        for verb in verbs:
            op.execute(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {refuse}")
    for table, columns in KEYS.items():  # REPLACE deletes the old row without asking the trigger above
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {taken} {refuse}")


def freeze_server() -> None:
    op.execute(
        "CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log is append only'; END $$"
    )
    for table, verbs in FROZEN.items():
        row, statement = " OR ".join(verbs), "FOR EACH STATEMENT EXECUTE FUNCTION log.refuse()"
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE {row} ON log.{table} FOR EACH ROW EXECUTE FUNCTION log.refuse()"
        )
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON log.{table} {statement}")
    op.execute("ALTER TABLE log.body ALTER COLUMN sealed SET STORAGE EXTERNAL")
    for table, column in (("body", "sealed"), ("stream", "digests"), ("entry", "content"), ("entry", "key_id")):
        op.execute(f"ALTER TABLE log.{table} ALTER COLUMN {column} SET STATISTICS 0")
