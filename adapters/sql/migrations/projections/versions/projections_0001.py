"""The projections: two slots, one serving and one to rebuild into."""

from alembic import op

from adapters.sql import schema as tables

revision = "projections_0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    tables.PROJECTIONS.create_all(connection, checkfirst=False)
    op.bulk_insert(
        tables.slot,
        [
            {"name": "a", "checkpoint": -1, "active": 1, "revision": 0},
            {"name": "b", "checkpoint": -1, "active": 0, "revision": 0},
        ],
    )
    if connection.dialect.name == "postgresql":
        for pair in tables.SLOTS.values():
            for table in pair:
                op.execute(f"ALTER TABLE projections.{table.name} ALTER COLUMN sealed SET STATISTICS 0")
                op.execute(f"ALTER TABLE projections.{table.name} ALTER COLUMN sealed SET STORAGE EXTERNAL")
