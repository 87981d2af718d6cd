"""Entries are found by their leaf hash, contributions of a task and feedback of a person in the order of the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
oldest = "0003"


def upgrade() -> None:
    """Indexes only: no row changes."""
    op.create_index(
        "ix_entries_leaf", "entries", ["log", sa.text("(entry_index / 2048)"), sa.text("substr(leaf_hash, 1, 6)")]
    )
    op.drop_index("ix_contributions_task", "contributions")
    _index_tasks(["log", "task", "entry_index"])
    op.create_index("ix_feedbacks_giver", "feedbacks", ["log", "contributor", "entry_index"])


def downgrade() -> None:
    """The indexes of before."""
    op.drop_index("ix_feedbacks_giver", "feedbacks")
    op.drop_index("ix_contributions_task", "contributions")
    _index_tasks(["log", "task"])
    op.drop_index("ix_entries_leaf", "entries")


def _index_tasks(columns: list[str]) -> None:
    present = sa.text("task IS NOT NULL")
    op.create_index("ix_contributions_task", "contributions", columns, sqlite_where=present, postgresql_where=present)
