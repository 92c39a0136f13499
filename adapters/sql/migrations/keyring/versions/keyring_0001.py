"""The keyring: subjects, their wrapped keys, the blind index of identifiers."""

import sqlalchemy as sa
from alembic import op

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
    server = op.get_bind().dialect.name == "postgresql"
    schema = "keyring" if server else None
    create_subjects(schema)
    create_identifiers(schema)
    create_store_rows(schema)
    if not server:
        return
    for table, columns in SECRET.items():
        for column in columns:  # the planner's samples would outlive the rows
            op.execute(f'ALTER TABLE keyring.{table} ALTER COLUMN "{column}" SET STATISTICS 0')


def create_subjects(schema: str | None) -> None:
    op.create_table(
        "subject",
        sa.Column("subject", sa.LargeBinary(), primary_key=True),
        sa.Column("handle", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("case_id", sa.LargeBinary()),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    fenced = sa.text("state > 0")
    op.create_index("subject_case", "subject", ["case_id"], schema=schema, sqlite_where=fenced, postgresql_where=fenced)
    op.create_table(
        "data_key",
        sa.Column("key_id", sa.LargeBinary(), primary_key=True),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("committed_at", sa.BigInteger(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_index("data_key_subject", "data_key", ["subject"], schema=schema)


def create_identifiers(schema: str | None) -> None:
    op.create_table(
        "identifier",
        sa.Column("blind", sa.LargeBinary(), primary_key=True),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("strength", sa.SmallInteger(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_index("identifier_subject", "identifier", ["subject"], schema=schema)
    op.create_table(
        "merge",
        sa.Column("absorbed", sa.LargeBinary(), primary_key=True),
        sa.Column("into", sa.LargeBinary(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_index("merge_into", "merge", ["into"], schema=schema)


def create_store_rows(schema: str | None) -> None:
    op.create_table(
        "suppression",
        sa.Column("mark", sa.LargeBinary(), primary_key=True),
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("serial", sa.Integer(), primary_key=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        schema=schema,
    )
    op.create_table(
        "number",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        schema=schema,
    )
