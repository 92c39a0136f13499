from adapters.sql.migrations.environment import run

run()
