"""Audits that were asked for, and the awards that each settlement publishes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
oldest = "0006"
made_again = ("settlement_shares",)
"""By the worker, from the log."""

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
FLAG: Kind = (sa.Boolean, False)

_NEW_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "audits": (
        {
            "log": TEXT,
            "id": TEXT,
            "state": TEXT,
            "by_operator": FLAG,
            "at_ms": NUMBER,
            "started_ms": MAYBE_NUMBER,
            "seen_ms": MAYBE_NUMBER,
            "ended_ms": MAYBE_NUMBER,
            "verdict": MAYBE_TEXT,
            "entries": MAYBE_NUMBER,
            "anchored": MAYBE_NUMBER,
            "errors": MAYBE_NUMBER,
            "warnings": MAYBE_NUMBER,
            "notes": MAYBE_NUMBER,
            "report": MAYBE_TEXT,
            "detail": MAYBE_TEXT,
        },
        ("log", "id"),
    ),
    "settlement_shares": (
        {
            "log": TEXT,
            "chain_id": NUMBER,
            "pool": TEXT,
            "number": NUMBER,
            "size": NUMBER,
            "position": NUMBER,
            "account": TEXT,
            "contributor": TEXT,
            "rule": TEXT,
            "units": TEXT,
            "entry": MAYBE_NUMBER,
            "final": MAYBE_NUMBER,
        },
        ("log", "chain_id", "pool", "number", "size", "position"),
    ),
}
"""Columns and primary key."""
_OPEN = sa.text("ended_ms IS NULL")
_WAITING = sa.text("account = ''")


def upgrade() -> None:
    """The worker fills in the awards of settlements that were before, from the log."""
    for name, (kinds, key) in _NEW_TABLES.items():
        made = [sa.Column(column, kind, nullable=nullable) for column, (kind, nullable) in kinds.items()]
        op.create_table(name, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))
    op.create_index("ix_audits_open", "audits", ["log"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_audits_time", "audits", ["log", "at_ms"])
    op.create_index(
        "ix_settlement_shares_account",
        "settlement_shares",
        ["log", "account", "chain_id", "pool", "number", "position"],
    )
    op.create_index(
        "ix_settlement_shares_waiting",
        "settlement_shares",
        ["log", "contributor", "chain_id", "pool", "number"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """Nothing that another table rests on goes."""
    for name in reversed(_NEW_TABLES):
        op.drop_table(name)
