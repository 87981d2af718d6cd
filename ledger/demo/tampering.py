"""The operator who cheats: one decision changed in a copy of the database, and everything made to fit that can be.

Leaf, tiles, heads and checkpoints are computed anew and signed with the log's own key, so that the copy is a perfectly
consistent log. Only what others hold contradicts it: an earlier mirror, receipts, and the chain.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from ledger.errors import ConfigError
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade, Verdict
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.growth import CompactRange
from ledger.tree.keys import LogSigner

_TILE = 256


def copy_database(source: Path, copy: Path) -> None:
    """A consistent copy of a SQLite database that may be in use."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)


def turn_decision(database: Path, signer: LogSigner) -> int:
    """Turn the verdict of a decision near the middle of the log around; the index of its entry.

    Raises ConfigError if the log has no decision.
    """
    with closing(sqlite3.connect(database)) as db, db:
        found = db.execute(
            "SELECT entry_index, statement FROM entries WHERE kind = 'decision.made' "
            "ORDER BY abs(entry_index - (SELECT max(entry_index) / 2 FROM entries)), entry_index LIMIT 1"
        ).fetchone()
        if found is None:
            raise ConfigError("There is no decision to change.", remedy="Use a file with answers.")
        index, decision = int(found[0]), kinds.parse(found[1])
        assert isinstance(decision, DecisionMade)
        verdict: Verdict = "rejected" if decision.verdict == "accepted" else "accepted"
        data = kinds.encode(msgspec.structs.replace(decision, verdict=verdict))
        db.execute(
            "UPDATE entries SET statement = ?, leaf_hash = ? WHERE entry_index = ?",
            (data, merkle.leaf_hash(data), index),
        )
        db.execute("UPDATE decisions SET verdict = ? WHERE id = ?", (verdict, decision.id))
        _rehash(db, signer)
    return index


def _rehash(db: sqlite3.Connection, signer: LogSigner) -> None:
    """Compute tiles, head and checkpoints anew from the entries, and sign."""
    leaves = [bytes(row[0]) for row in db.execute("SELECT leaf_hash FROM entries ORDER BY entry_index")]
    compact, grown = CompactRange().append_many(leaves)
    nodes = {each.level: each.hashes for each in grown}
    for level, n in db.execute("SELECT level, n FROM tiles").fetchall():
        hashes = b"".join(nodes[8 * level][n * _TILE : (n + 1) * _TILE])
        db.execute(
            "UPDATE tiles SET hashes = ?, root = ? WHERE level = ? AND n = ?",
            (hashes, nodes[8 * (level + 1)][n], level, n),
        )
    for (size,) in db.execute("SELECT size FROM checkpoints").fetchall():
        root = merkle.root_at(size, lambda level, index: nodes[level][index])
        note = sign(Checkpoint(signer.name, size, root), signer)
        db.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (note, size))
    head = sign(Checkpoint(signer.name, len(leaves), compact.root()), signer)
    db.execute("UPDATE logs SET compact = ?, note = ?", (compact.encode(), head))
