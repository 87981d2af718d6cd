"""Keys that expire, and when each was last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
oldest = "0011"


def upgrade() -> None:
    """No key of before expires."""
    op.add_column("api_keys", sa.Column("expires_ms", sa.BigInteger, nullable=True))
    op.create_table(
        "key_uses",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log", "key", name="pk_key_uses"),
    )


def downgrade() -> None:
    """Keys that expire would never again: whoever goes back must have revoked them."""
    op.drop_table("key_uses")
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_column("expires_ms")
