"""The log's key continues only what it has signed itself: the stored head is checked before a group is put on top.

Whoever can write to the database could otherwise change an entry that is not anchored yet, make the tree's right edge
fit, and have the next group's checkpoint sign it. The note beside the head is what only the key can make. The worker,
whose keys anchor and settle, believes no other head either.
"""

from __future__ import annotations

from collections.abc import Iterable

from ledger.db.store import Head
from ledger.errors import FormatError, LogDivergedError, SignatureError
from ledger.statements import kinds
from ledger.statements.log import LogKeyRotated
from ledger.tree.checkpoints import Checkpoint, open_note
from ledger.tree.growth import CompactRange
from ledger.tree.key_chain import verify_rotation
from ledger.tree.keys import VerifierKey

_REMEDY = (
    "Operator: somebody or something has changed the database beside the service. See what differs with "
    "'crowdledger audit --database', restore it, then restart."
)


def altered(detail: str) -> LogDivergedError:
    """What is raised where rows are not those that the log's key signed."""
    return LogDivergedError(detail, remedy=_REMEDY)


def key_in_force(own: VerifierKey, rotations: Iterable[bytes]) -> VerifierKey:
    """The key that ``own`` leads to: through the statements of rotations, in their order, each endorsed by the key
    before it. What is no such statement leads nowhere, so that nobody need vouch for the rows."""
    key = own
    for data in rotations:
        try:
            said = kinds.parse(data)
            if isinstance(said, LogKeyRotated) and said.previous == key.vkey:
                following = VerifierKey.parse(said.key)
                verify_rotation(key, following, bytes.fromhex(said.signature), bytes.fromhex(said.endorsed))
                key = following
        except (FormatError, SignatureError):
            continue
    return key


class SignedHeads:
    """What one process has seen signed: a head that it made itself, or has looked at, costs no second look."""

    def __init__(self) -> None:
        self._vouched: CompactRange | None = None
        self._committed = 0

    def check(self, head: Head, key: VerifierKey) -> None:
        """Raise LogDivergedError unless ``key`` signed exactly this tree, and it is no smaller than what was committed.

        A database that went back behind a committed head (an old copy, a standby that lacked the last commits) would
        give indexes a second time.
        """
        self.check_note(head.origin, head.tree, head.note, key)

    def check_note(self, origin: str, tree: CompactRange, note: str, key: VerifierKey) -> None:
        """The same of a stored tree and the note beside it."""
        if tree.size < self._committed:
            raise altered(f"The database has {tree.size} entries; this service has committed {self._committed}.")
        if tree == self._vouched:
            return
        try:
            signed = Checkpoint.parse(open_note(note, [key]).text)
        except (FormatError, SignatureError) as error:
            raise altered(f"The head of {tree.size} entries in the database is not signed by the log's key.") from error
        if signed != Checkpoint(origin, tree.size, tree.root()):
            raise altered(f"The head of {tree.size} entries in the database is another than the log's key has signed.")
        self._vouched = tree

    def signed(self, tree: CompactRange) -> None:
        """This tree was signed just now; whether it is committed is not known yet."""
        self._vouched = tree

    def committed(self, size: int) -> None:
        """The head of this size is in the database for good."""
        self._committed = max(self._committed, size)
