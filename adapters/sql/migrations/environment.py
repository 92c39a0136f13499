"""What the three `env.py` share: run the migrations on the connection that was handed in."""

from alembic import context


def run() -> None:
    """Upgrade inside one transaction of the given connection."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        version_table_schema=attributes["schema"],
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
