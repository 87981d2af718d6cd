"""Requests with an Idempotency-Key, for a day: so that the same again is answered, not done."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from ledger.db.tables.columns import MAYBE_TEXT, NUMBER, TEXT, columns, metadata

repeats = Table(
    "repeats",
    metadata,
    *columns(log=TEXT, id=TEXT, request=TEXT, at_ms=NUMBER, reply=MAYBE_TEXT),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_repeats_time", "log", "at_ms"),
)
"""``id`` is a digest of the caller's token and the key, ``request`` one of the request. ``reply`` is sealed under what
only the caller has; without one the first request is under way, or was lost."""
