"""Run by Alembic: migrates on the connection that `upgrade` opened."""

from alembic import context

from router.store.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
