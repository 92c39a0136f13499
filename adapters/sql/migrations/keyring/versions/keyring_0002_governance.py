"""What governance keeps beside the keys: who may hold opened ones, requests, holds, keys that a removal has taken."""

import sqlalchemy as sa
from alembic import op

revision = "keyring_0002"
down_revision = "keyring_0001"

SECRET = {
    "lease": ("process",),
    "request": ("case_id",),
    "hold": ("hold", "subject"),
    "taken": ("key_id", "case_id"),
    "term": ("mark",),
}


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    schema = "keyring" if server else None
    create_work(schema)
    create_terms(schema)
    if not server:
        return
    for table, columns in SECRET.items():
        for column in columns:  # the planner's samples would outlive the rows
            op.execute(f'ALTER TABLE keyring.{table} ALTER COLUMN "{column}" SET STATISTICS 0')


def create_work(schema: str | None) -> None:
    op.create_table(
        "lease",
        sa.Column("process", sa.LargeBinary(), primary_key=True),
        sa.Column("host", sa.LargeBinary(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request",
        sa.Column("case_id", sa.LargeBinary(), primary_key=True),
        sa.Column("is_open", sa.SmallInteger(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "taken",
        sa.Column("key_id", sa.LargeBinary(), primary_key=True),
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_index("taken_case", "taken", ["case_id"], schema=schema)


def create_terms(schema: str | None) -> None:
    op.create_table(
        "hold",
        sa.Column("hold", sa.LargeBinary(), primary_key=True),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_index("hold_subject", "hold", ["subject"], schema=schema)
    op.create_table(
        "term",
        sa.Column("mark", sa.LargeBinary(), primary_key=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
