"""What restores brought back from mirrors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
oldest = "0012"


def upgrade() -> None:
    """Nothing was restored so far."""
    op.create_table(
        "restored",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("first_index", sa.BigInteger, nullable=False),
        sa.Column("last_index", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log", "first_index", name="pk_restored"),
    )


def downgrade() -> None:
    """What was lost is then taken for damage."""
    op.drop_table("restored")
