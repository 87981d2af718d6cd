"""What the mirror's entries make: the root of any size, the book of any size, the settlements that are recorded.

Heads and proposals grow, so that what was hashed and folded for one is gone on with for the next; only where they
shrink, after a reorganisation or by a thief's proposal, the entries are read from the first one again.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.audit.mirror import Mirror, read_entries
from ledger.audit.opening import Opened, open_source_log
from ledger.audit.published import Shown, shown_by
from ledger.book.fold import Book
from ledger.errors import FormatError, NotFoundError, ProofError, SignatureError, UnavailableError
from ledger.statements import kinds
from ledger.statements.settlements import RewardsSettled
from ledger.tree.growth import CompactRange
from ledger.tree.merkle import leaf_hash

_KEPT_ROOTS = 256
"""More than the logs that continue one another and that are looked at in one round."""
_SETTLED = b'"kind":"rewards.settled"'


class Copied:
    """The entries of a mirror, which may grow between two calls."""

    def __init__(self, mirror: Mirror) -> None:
        self._source = mirror.source()
        self._range = CompactRange()
        self._roots: dict[int, bytes] = {}
        self._book = Book()
        self._recorded: list[tuple[int, RewardsSettled]] = []
        self._searched = 0

    @property
    def shown(self) -> Shown:
        """The accounts that the mirror keeps of settlements."""
        return shown_by(self._source)

    def opened(self) -> Opened | None:
        """The mirror's checkpoint and keys; None while nothing is mirrored, or nothing that can be read."""
        try:
            return open_source_log(self._source)
        except (NotFoundError, FormatError, SignatureError, ProofError, UnavailableError):
            return None

    @property
    def size(self) -> int:
        """Entries in the mirror."""
        opened = self.opened()
        return opened.checkpoint.size if opened else 0

    def root_at(self, size: int) -> bytes | None:
        """The root of the first ``size`` entries; None where there are not so many."""
        held = self.size
        if size > held:
            return None
        if size not in self._roots:
            if size < self._range.size:
                self._range = CompactRange()
            for entries in self._read(self._range.size, size, held):
                self._range, _ = self._range.append_many([leaf_hash(entry) for entry in entries])
            while len(self._roots) >= _KEPT_ROOTS:
                self._roots.pop(next(iter(self._roots)))
            self._roots[size] = self._range.root()
        return self._roots[size]

    def book_at(self, size: int) -> Book:
        """The book of exactly the first ``size`` entries. Raises FormatError where there are not so many."""
        held = self.size
        if size > held:
            raise FormatError(f"The mirror has {held} entries, not {size}.")
        if size < self._book.size:
            self._book = Book()
        for entries in self._read(self._book.size, size, held):
            for index, entry in enumerate(entries, self._book.size):
                self._book.fold_bytes(entry, index)
        return self._book

    def recorded_since(self, size: int) -> list[RewardsSettled]:
        """The settlements that entries from ``size`` on record, whether they follow from the log or not."""
        held = self.size
        for entries in self._read(self._searched, held, held):
            for index, entry in enumerate(entries, self._searched):
                statement = _parse(entry) if _SETTLED in entry else None
                if statement is not None:
                    self._recorded.append((index, statement))
            self._searched += len(entries)
        return [statement for index, statement in self._recorded if index >= size]

    def _read(self, begin: int, end: int, held: int) -> Iterator[list[bytes]]:
        """Entries ``begin`` to ``end`` (excluded) of a mirror that holds ``held``, in pieces."""
        if begin >= end:
            return
        for first, entries in read_entries(self._source, begin, held):
            if first >= end:
                return
            yield entries[max(0, begin - first) : end - first]


def _parse(entry: bytes) -> RewardsSettled | None:
    try:
        statement = kinds.parse(entry)
    except FormatError:
        return None
    return statement if isinstance(statement, RewardsSettled) else None
