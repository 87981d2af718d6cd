"""The people of platforms, by their roles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
oldest = "0012"


def upgrade() -> None:
    """Nobody is in it yet; keys go on as before."""
    signs = sa.text("wallet <> ''")
    op.create_table(
        "members",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log", "id", name="pk_members"),
    )
    op.create_index("ix_members_platform", "members", ["log", "platform", "id"])
    op.create_index(
        "ix_members_wallet",
        "members",
        ["log", "wallet", "platform"],
        unique=True,
        sqlite_where=signs,
        postgresql_where=signs,
    )


def downgrade() -> None:
    """Members' sessions open nothing then; what they did stands in the log."""
    op.drop_table("members")


def unreadable(connection: sa.Connection) -> int:
    """Entries that name a member: code of before cannot read them."""
    asked = sa.text("SELECT statement FROM entries WHERE kind IN ('admin.acted', 'key.rotated')")
    return sum(b'"mem_' in bytes(statement) for (statement,) in connection.execute(asked))
