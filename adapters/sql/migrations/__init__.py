"""Alembic's own folder: one environment and one chain of versions per schema."""
