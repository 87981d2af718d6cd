"""The log itself: heads, entries, tiles, checkpoints. Hashes have 32 bytes."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

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
    Index("ix_entries_leaf", "log", text("(entry_index / 2048)"), text("substr(leaf_hash, 1, 6)")),
)
"""``subject`` finds all entries from which facts are rebuilt: the campaign of campaign.opened, amended, paused, resumed
and closed, the first version's id of everything about a contribution, the public id of wallet.linked and objected, the
log's origin of log.key_rotated. ``ix_entries_leaf`` finds an entry by its leaf hash: hashes come in no order, and an
index of all of them would change a page for every entry; within ``LEAVES_TOGETHER`` entries its pages stay few, and a
search looks once into each such stretch of the log."""

LEAVES_TOGETHER = 2_048
LEAF_PREFIX_BYTES = 6

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
