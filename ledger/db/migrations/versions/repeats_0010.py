"""Requests with an Idempotency-Key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
oldest = "0010"


def upgrade() -> None:
    """Nothing is in it yet."""
    op.create_table(
        "repeats",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("reply", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("log", "id", name="pk_repeats"),
    )
    op.create_index("ix_repeats_time", "repeats", ["log", "at_ms"])


def downgrade() -> None:
    """Whoever repeats a request after that does it again."""
    op.drop_table("repeats")
