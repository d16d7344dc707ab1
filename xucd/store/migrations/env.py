"""How Alembic runs the migrations: in the transaction that `xucd.store.database` has begun."""

from alembic import context

from xucd.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table only by copying it.
    render_as_batch=True,
)
context.run_migrations()
