"""How Alembic runs the migrations: in the transaction that `xucd.store.database` has begun."""

from alembic import context

from xucd.store.database import let_tables_be_copied
from xucd.store.tables import metadata

connection = context.config.attributes["connection"]
let_tables_be_copied(connection)
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite changes a table only by copying it.
    render_as_batch=True,
)
context.run_migrations()
