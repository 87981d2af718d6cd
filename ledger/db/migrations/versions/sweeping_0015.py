"""Indexes that find what need not be kept any longer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.db.migrations.beside import beside_writers

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
oldest = "0012"
only_indexes = True


def upgrade() -> None:
    """Of transactions by time, and of deliveries that ended and still have a body."""
    kept = sa.text("body IS NOT NULL AND ended_ms IS NOT NULL")
    op.create_index("ix_transactions_time", "transactions", ["log", "at_ms"], **beside_writers())
    op.create_index(
        "ix_deliveries_bodies",
        "deliveries",
        ["log", "hook", "ended_ms", "size"],
        sqlite_where=kept,
        postgresql_where=kept,
        **beside_writers(),
    )


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_deliveries_bodies", "deliveries")
    op.drop_index("ix_transactions_time", "transactions")
