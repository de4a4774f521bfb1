"""Alembic's entry: it is handed an open connection by `store.schema`, and reads no configuration file."""

from alembic import context

from store.schema import load_tables
from store.tables import metadata

load_tables()
connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True)
context.run_migrations()
