"""Webhooks that platforms send: their settings, their deliveries, and how many were refused."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
oldest = "0007"

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
BYTES: Kind = (sa.LargeBinary, False)
MAYBE_BYTES: Kind = (sa.LargeBinary, True)
SMALL: Kind = (sa.Integer, False)

_NEW_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "hooks": (
        {
            "log": TEXT,
            "id": TEXT,
            "platform": TEXT,
            "campaign": TEXT,
            "connector": TEXT,
            "secrets": TEXT,
            "old_until_ms": MAYBE_NUMBER,
            "base_url": MAYBE_TEXT,
            "token": MAYBE_TEXT,
            "rate": MAYBE_TEXT,
            "at_ms": NUMBER,
            "holder": TEXT,
            "held_until_ms": NUMBER,
            "worked_ms": NUMBER,
        },
        ("log", "id"),
    ),
    "deliveries": (
        {
            "log": TEXT,
            "id": TEXT,
            "hook": TEXT,
            "event": TEXT,
            "digest": BYTES,
            "size": NUMBER,
            "body": MAYBE_BYTES,
            "received_ms": NUMBER,
            "state": TEXT,
            "tries": SMALL,
            "next_ms": MAYBE_NUMBER,
            "ended_ms": MAYBE_NUMBER,
            "words": MAYBE_TEXT,
            "recorded": MAYBE_TEXT,
        },
        ("log", "id"),
    ),
    "refusals": (
        {"log": TEXT, "hook": TEXT, "reason": TEXT, "count": NUMBER, "last_ms": NUMBER},
        ("log", "hook", "reason"),
    ),
}
"""Columns and primary key."""
_WAITING = sa.text('"next_ms" IS NOT NULL')


def upgrade() -> None:
    """New tables; nothing that was there changes."""
    for name, (kinds, key) in _NEW_TABLES.items():
        made = [sa.Column(column, kind, nullable=nullable) for column, (kind, nullable) in kinds.items()]
        op.create_table(name, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))
    op.create_index("ix_hooks_platform", "hooks", ["log", "platform", "id"])
    op.create_index("ix_deliveries_event", "deliveries", ["log", "hook", "event"], unique=True)
    op.create_index("ix_deliveries_hook", "deliveries", ["log", "hook", "id"])
    op.create_index("ix_deliveries_state", "deliveries", ["log", "state", "ended_ms"])
    op.create_index(
        "ix_deliveries_next",
        "deliveries",
        ["log", "hook", "next_ms"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """The facts stay in the log; what was not worked on yet is lost."""
    for name in reversed(_NEW_TABLES):
        op.drop_table(name)
