"""How Alembic reaches the ledger: with the connection that ``open_ledger`` hands over."""

from alembic import context

from include.opendata.ledger.schema import METADATA

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("the ledger's migrations are run by include.opendata.ledger.open_ledger")
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
