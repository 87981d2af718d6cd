"""Alembic's entry: runs the revisions on the connection that ``ledger.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from ledger.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
