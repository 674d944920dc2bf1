"""What Alembic runs to migrate; the connection comes from `maskwatch.store.upgrade`."""

from __future__ import annotations

from alembic import context

from maskwatch.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can alter little in place
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
