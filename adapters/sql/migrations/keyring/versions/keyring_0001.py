"""The keyring: subjects, their wrapped keys, the blind index of identifiers."""

from alembic import op

from adapters.sql import schema as tables

revision = "keyring_0001"
down_revision = None

SECRET = {
    "data_key": ("key_id", "subject", "wrapped"),
    "subject": ("subject", "handle", "case_id"),
    "identifier": ("blind", "subject"),
    "merge": ("absorbed", "into"),
    "suppression": ("mark", "case_id"),
    "secret": ("wrapped",),
}


def upgrade() -> None:
    connection = op.get_bind()
    tables.KEYRING.create_all(connection, checkfirst=False)
    if connection.dialect.name != "postgresql":
        return
    for table, columns in SECRET.items():
        for column in columns:  # the planner's samples would outlive the rows
            op.execute(f'ALTER TABLE keyring.{table} ALTER COLUMN "{column}" SET STATISTICS 0')
