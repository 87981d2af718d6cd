"""What a backup says of its logs: the head of each must be that of its own rows."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import DatabaseError
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.growth import CompactRange
from ledger.tree.keys import VerifierKey


@dataclass(frozen=True, slots=True)
class SavedLog:
    """A log in a backup: its head, and the key that signs from there on."""

    name: str
    origin: str
    key: VerifierKey
    tree: CompactRange

    @property
    def size(self) -> int:
        """Its entries."""
        return self.tree.size


def saved_log(name: str, origin: str, vkey: str, size: int, compact: bytes, note: str, entries: int) -> SavedLog:
    """A log by its head row and the number of its rows of entries.

    Raises DatabaseError where entries are missing or too many, SignatureError, FormatError or ProofError where the
    head's checkpoint is not signed by its key or of another tree.
    """
    key = VerifierKey.parse(vkey)
    checkpoint = open_checkpoint(note, [key])
    tree = CompactRange.decode(size, compact)
    if (checkpoint.origin, checkpoint.size, checkpoint.root, entries) != (origin, size, tree.root(), size):
        raise DatabaseError(
            f"The log '{name}' has a head of {size} entries, a checkpoint of {checkpoint.size} and {entries} entries.",
            remedy="Check the database with 'crowdledger audit --database'.",
        )
    return SavedLog(name, origin, key, tree)
