"""What programs that import for a platform tell of themselves, for its people to look at."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from ledger.db.tables.columns import MAYBE_NUMBER, MAYBE_TEXT, NUMBER, TEXT, columns, metadata

imports = Table(
    "imports",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        campaign=TEXT,
        connector=TEXT,
        form=TEXT,
        file=TEXT,
        state=TEXT,
        expected=MAYBE_NUMBER,
        rows=NUMBER,
        used=NUMBER,
        refused=NUMBER,
        skipped=NUMBER,
        written=TEXT,
        known=TEXT,
        detail=MAYBE_TEXT,
        began_ms=NUMBER,
        seen_ms=NUMBER,
        ended_ms=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_imports_platform", "log", "platform", "id"),
)
"""``state`` is running, done, stopped or failed, as the program last said at ``seen_ms``. ``rows`` of about
``expected`` were read; ``written`` and ``known`` are JSON objects of counts by kind of thing. ``file`` is a name
without its folder."""
