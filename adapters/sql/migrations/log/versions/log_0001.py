"""The log: entries that the database itself keeps from changing."""

from alembic import op

from adapters.sql import schema as tables

revision = "log_0001"
down_revision = None

FROZEN = {"entry": ("UPDATE", "DELETE"), "tile": ("UPDATE", "DELETE"), "body": ("UPDATE",)}


def upgrade() -> None:
    connection = op.get_bind()
    tables.LOG.create_all(connection, checkfirst=False)
    if connection.dialect.name == "sqlite":
        for table, verbs in FROZEN.items():
            for verb in verbs:
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'the log is append only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log is append only'; END $$"
    )
    for table, verbs in FROZEN.items():
        events = " OR ".join(verbs)
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE {events} ON log.{table} FOR EACH ROW EXECUTE FUNCTION log.refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON log.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log.refuse()"
        )
    op.execute("ALTER TABLE log.body ALTER COLUMN sealed SET STORAGE EXTERNAL")
    for table, column in (("body", "sealed"), ("stream", "digests"), ("entry", "content"), ("entry", "key_id")):
        op.execute(f"ALTER TABLE log.{table} ALTER COLUMN {column} SET STATISTICS 0")
