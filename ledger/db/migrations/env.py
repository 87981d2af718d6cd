"""Alembic's entry: runs the revisions on the connection that ``ledger.db.migrate`` hands over."""

from __future__ import annotations

from functools import partial

from alembic import context

from ledger.db.schemas import note_oldest
from ledger.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    on_version_apply=partial(note_oldest, context.script),
)
with context.begin_transaction():
    context.run_migrations()
