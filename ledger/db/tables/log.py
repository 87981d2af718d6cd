"""The log itself: heads, entries, tiles, checkpoints. Hashes have 32 bytes."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from ledger.db.tables.columns import BYTES, MAYBE_TEXT, NUMBER, SMALL, TEXT, columns, metadata, where_present

logs = Table(
    "logs",
    metadata,
    *columns(name=TEXT, origin=TEXT, vkey=TEXT, size=NUMBER, at_ms=NUMBER, compact=BYTES, note=TEXT),
    PrimaryKeyConstraint("name"),
)
"""One head a log; whoever appends locks its row."""

entries = Table(
    "entries",
    metadata,
    *columns(
        log=TEXT, entry_index=NUMBER, kind=TEXT, at_ms=NUMBER, statement=BYTES, leaf_hash=BYTES, subject=MAYBE_TEXT
    ),
    PrimaryKeyConstraint("log", "entry_index"),
    where_present("ix_entries_subject", "log", "subject"),
)
"""``subject`` finds all entries from which facts are rebuilt: the campaign of campaign.opened, amended, paused, resumed
and closed, the first version's id of everything about a contribution, the public id of wallet.linked and objected."""

tiles = Table(
    "tiles",
    metadata,
    *columns(log=TEXT, level=SMALL, n=NUMBER, hashes=BYTES, root=BYTES),
    PrimaryKeyConstraint("log", "level", "n"),
)
"""Full tiles only: 8192 bytes of hashes, and their root, which is hash ``n`` of the level above."""

checkpoints = Table(
    "checkpoints",
    metadata,
    *columns(log=TEXT, size=NUMBER, note=TEXT),
    PrimaryKeyConstraint("log", "size"),
)
"""One signed head a committed group."""
