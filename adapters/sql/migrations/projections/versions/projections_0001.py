"""The projections: two slots, one serving and one to rebuild into."""

import sqlalchemy as sa
from alembic import op

revision = "projections_0001"
down_revision = None

SLOTS = ("a", "b")


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    schema = "projections" if server else None
    slot = op.create_table(
        "slot",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("checkpoint", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        schema=schema,
    )
    op.bulk_insert(
        slot,
        [
            {"name": "a", "checkpoint": -1, "active": 1, "revision": 0},
            {"name": "b", "checkpoint": -1, "active": 0, "revision": 0},
        ],
    )
    for name in SLOTS:
        create_slot(name, schema)
        if server:
            for table in (f"state_{name}", f"shared_{name}"):
                op.execute(f"ALTER TABLE projections.{table} ALTER COLUMN sealed SET STATISTICS 0")
                op.execute(f"ALTER TABLE projections.{table} ALTER COLUMN sealed SET STORAGE EXTERNAL")


def create_slot(name: str, schema: str | None) -> None:
    op.create_table(
        f"state_{name}",
        sa.Column("subject", sa.LargeBinary(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        schema=schema,
    )
    op.create_table(
        f"shared_{name}",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        schema=schema,
    )
