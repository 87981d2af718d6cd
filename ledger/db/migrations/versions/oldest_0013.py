"""Beside the schema's number stands the oldest schema whose code may run on it: ``ledger.db.schemas`` writes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest = "0012"


def upgrade() -> None:
    """In Alembic's own table, so that both change in one row."""
    op.add_column("alembic_version", sa.Column("oldest", sa.Text, nullable=True))


def downgrade() -> None:
    """Code of before asks for its own schema only."""
    op.drop_column("alembic_version", "oldest")
