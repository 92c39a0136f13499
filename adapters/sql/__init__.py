"""SQLite and PostgreSQL behind one set of tables: SQLAlchemy Core, the raw driver for batches."""
