"""Events for platforms, where they are sent to, and the payments that they tell of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
oldest = "0008"

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
SMALL: Kind = (sa.Integer, False)
FLAG: Kind = (sa.Boolean, False)

_NEW_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "events": (
        {
            "log": TEXT,
            "number": NUMBER,
            "type": TEXT,
            "platform": TEXT,
            "at_ms": NUMBER,
            "data": TEXT,
            "told_ms": NUMBER,
        },
        ("log", "number"),
    ),
    "event_cursors": (
        {"log": TEXT, "number": NUMBER, "entries": NUMBER, "done": NUMBER, "anchored": NUMBER},
        ("log",),
    ),
    "payments": (
        {
            "log": TEXT,
            "chain_id": NUMBER,
            "pool": TEXT,
            "block": NUMBER,
            "log_index": NUMBER,
            "account": TEXT,
            "amount": TEXT,
            "transaction": TEXT,
            "told": FLAG,
        },
        ("log", "chain_id", "pool", "block", "log_index", "account"),
    ),
    "endpoints": (
        {
            "log": TEXT,
            "id": TEXT,
            "platform": TEXT,
            "url": TEXT,
            "description": TEXT,
            "types": TEXT,
            "at_once": SMALL,
            "secret": TEXT,
            "old_secret": MAYBE_TEXT,
            "old_until_ms": MAYBE_NUMBER,
            "state": TEXT,
            "detail": MAYBE_TEXT,
            "cursor": NUMBER,
            "at_ms": NUMBER,
            "failing_ms": MAYBE_NUMBER,
            "failures": NUMBER,
            "pause_ms": NUMBER,
            "holder": TEXT,
            "held_until_ms": NUMBER,
        },
        ("log", "id"),
    ),
    "sendings": (
        {
            "log": TEXT,
            "endpoint": TEXT,
            "event": NUMBER,
            "state": TEXT,
            "tries": SMALL,
            "next_ms": MAYBE_NUMBER,
            "tried_ms": MAYBE_NUMBER,
            "took_ms": MAYBE_NUMBER,
            "status": MAYBE_NUMBER,
            "words": MAYBE_TEXT,
            "at_ms": NUMBER,
        },
        ("log", "endpoint", "event"),
    ),
}
"""Columns and primary key."""
_UNTOLD, _UNTOLD_SQLITE = sa.text("NOT told"), sa.text("told = 0")
_WAITING = sa.text("state = 'waiting'")
_DEAD = sa.text("state = 'dead'")


def upgrade() -> None:
    """A log that is there already tells of what happens from now on: its cursor stands at its present end."""
    for name, (kinds, key) in _NEW_TABLES.items():
        made = [sa.Column(column, kind, nullable=nullable) for column, (kind, nullable) in kinds.items()]
        op.create_table(name, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))
    op.create_index("ix_events_platform", "events", ["log", "platform", "type", "number"])
    op.create_index("ix_payments_account", "payments", ["log", "chain_id", "pool", "account"])
    op.create_index(
        "ix_payments_untold",
        "payments",
        ["log", "chain_id", "pool", "block", "log_index"],
        sqlite_where=_UNTOLD_SQLITE,
        postgresql_where=_UNTOLD,
    )
    op.create_index("ix_endpoints_platform", "endpoints", ["log", "platform", "id"])
    op.create_index(
        "ix_sendings_due",
        "sendings",
        ["log", "endpoint", "next_ms", "event"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_sendings_dead", "sendings", ["log", "endpoint", "event"], sqlite_where=_DEAD, postgresql_where=_DEAD
    )
    op.create_index("ix_sendings_tried", "sendings", ["log", "tried_ms"])
    op.execute(
        "INSERT INTO event_cursors (log, number, entries, done, anchored) "
        "SELECT name, 0, size, 0, "
        "COALESCE((SELECT MAX(anchors.size) FROM anchors WHERE anchors.log = name AND finalized), 0) FROM logs"
    )
    op.execute(
        'INSERT INTO payments (log, chain_id, pool, block, log_index, account, amount, "transaction", told) '
        "SELECT log, chain_id, pool, COALESCE(block, 0), -1, account, final_cumulative, "
        "COALESCE(\"transaction\", ''), TRUE FROM claims WHERE final_cumulative <> '0'"
    )


def downgrade() -> None:
    """Nobody is told of anything any more."""
    for name in reversed(_NEW_TABLES):
        op.drop_table(name)
