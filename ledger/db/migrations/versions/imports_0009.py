"""What programs that import for a platform tell of themselves."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
oldest = "0009"

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)

_COLUMNS: dict[str, Kind] = {
    "log": TEXT,
    "id": TEXT,
    "platform": TEXT,
    "campaign": TEXT,
    "connector": TEXT,
    "form": TEXT,
    "file": TEXT,
    "state": TEXT,
    "expected": MAYBE_NUMBER,
    "rows": NUMBER,
    "used": NUMBER,
    "refused": NUMBER,
    "skipped": NUMBER,
    "written": TEXT,
    "known": TEXT,
    "detail": MAYBE_TEXT,
    "began_ms": NUMBER,
    "seen_ms": NUMBER,
    "ended_ms": MAYBE_NUMBER,
}


def upgrade() -> None:
    """Imports of before are not known."""
    made = [sa.Column(column, kind, nullable=nullable) for column, (kind, nullable) in _COLUMNS.items()]
    op.create_table("imports", *made, sa.PrimaryKeyConstraint("log", "id", name="pk_imports"))
    op.create_index("ix_imports_platform", "imports", ["log", "platform", "id"])


def downgrade() -> None:
    """What is recorded stays; only what was told of its importing goes."""
    op.drop_table("imports")
