"""Writes the revisions of the alerts schema as SQL; `shared.edge.store.migrate` runs what is written."""

from __future__ import annotations

from alembic import context

# no BEGIN and COMMIT in the script: whoever runs it has a transaction open
context.configure(dialect_name="postgresql", transactional_ddl=False)
context.run_migrations()
