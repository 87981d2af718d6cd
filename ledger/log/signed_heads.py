"""The log's key continues only what it has signed itself: the stored head is checked before a group is put on top.

Whoever can write to the database could otherwise change an entry that is not anchored yet, make the tree's right edge
fit, and have the next group's checkpoint sign it. The note beside the head is what only the key can make.
"""

from __future__ import annotations

from ledger.db.store import Head
from ledger.errors import FormatError, LogDivergedError, SignatureError
from ledger.tree.checkpoints import Checkpoint, open_note
from ledger.tree.growth import CompactRange
from ledger.tree.keys import VerifierKey

_REMEDY = (
    "Operator: somebody or something has changed the database beside the service. See what differs with "
    "'crowdledger audit --database', restore it, then restart."
)


class SignedHeads:
    """What one writer has seen signed: a head that it made itself costs no second look."""

    def __init__(self) -> None:
        self._vouched: CompactRange | None = None
        self._committed = 0

    def check(self, head: Head, key: VerifierKey) -> None:
        """Raise LogDivergedError unless ``key`` signed exactly this tree, and it is no smaller than what was committed.

        A database that went back behind a committed head (an old copy, a standby that lacked the last commits) would
        give indexes a second time.
        """
        if head.tree.size < self._committed:
            raise LogDivergedError(
                f"The database has {head.tree.size} entries; this service has committed {self._committed}.",
                remedy=_REMEDY,
            )
        if head.tree == self._vouched:
            return
        try:
            signed = Checkpoint.parse(open_note(head.note, [key]).text)
        except (FormatError, SignatureError) as error:
            raise LogDivergedError(
                f"The head of {head.tree.size} entries in the database is not signed by the log's key.", remedy=_REMEDY
            ) from error
        if signed != Checkpoint(head.origin, head.tree.size, head.tree.root()):
            raise LogDivergedError(
                f"The head of {head.tree.size} entries in the database is another than the log's key has signed.",
                remedy=_REMEDY,
            )
        self._vouched = head.tree

    def signed(self, tree: CompactRange) -> None:
        """This tree was signed just now; whether it is committed is not known yet."""
        self._vouched = tree

    def committed(self, size: int) -> None:
        """The head of this size is in the database for good."""
        self._committed = max(self._committed, size)
