"""What a restore brought back from a mirror: entries whose contents and keys this database does not have."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from ledger.db.tables.columns import NUMBER, TEXT, columns, metadata

restored = Table(
    "restored",
    metadata,
    *columns(log=TEXT, first_index=NUMBER, last_index=NUMBER, at_ms=NUMBER, source=TEXT, checksum=NUMBER),
    PrimaryKeyConstraint("log", "first_index"),
)
"""The entries ``first_index`` to ``last_index``, both included, came from the mirror ``source``. What only the lost
database had is gone: openings, platforms' own ids, secrets' digests, texts. Their rows say so: people are ``lost-...``,
keys and tokens have digests that nothing opens, texts are JSON's ``null``."""
