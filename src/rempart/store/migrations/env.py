"""What Alembic runs: the revisions, in the transaction that `store.migrate` has opened."""

from alembic import context

from rempart.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
