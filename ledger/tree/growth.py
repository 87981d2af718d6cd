"""Growth by appending: what a tree is known by without its leaves, and all that a group of new leaves adds to it.

ProofError on impossible numbers and on what is no hash, as everywhere in :mod:`ledger.tree.merkle`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ledger.errors import FormatError, ProofError
from ledger.tree.merkle import EMPTY_ROOT, HASH_SIZE, check_hashes, check_size, fold, parents

PathT = TypeVar("PathT")


class NewNodes(NamedTuple):
    """Consecutive nodes of one level that became complete: ``(level, first)``, ``(level, first + 1)``, ..."""

    level: int
    first: int
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class CompactRange:
    """All that appending needs of a tree: its size and the roots of its complete subtrees, largest first.

    There is one hash for each bit set in ``size``.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        check_size("size", self.size)
        check_hashes("hash of the compact range", self.hashes)
        if len(self.hashes) != self.size.bit_count():
            raise ProofError(f"A compact range of size {self.size} has {self.size.bit_count()} hashes.")

    def root(self) -> bytes:
        """Return the root of the tree."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT

    def append_many(self, leaf_hashes: Sequence[bytes]) -> tuple[CompactRange, list[NewNodes]]:
        """Return the range after appending, and the nodes (leaves included) that became complete, by level."""
        growth = Growth(self, leaf_hashes)
        return growth.after, growth.new_nodes()

    def encode(self) -> bytes:
        """Return the hashes one after another; the size is kept beside them."""
        return b"".join(self.hashes)

    @classmethod
    def decode(cls, size: int, data: bytes) -> CompactRange:
        """Read what :meth:`encode` wrote; FormatError where the length does not fit the size."""
        check_size("size", size)
        if len(data) != HASH_SIZE * size.bit_count():
            raise FormatError(f"A compact range of size {size} has {size.bit_count()} hashes, not {len(data)} bytes.")
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)))


class Growth:
    """One group of leaves appended to a tree known by its compact range; every node is hashed once.

    ``after`` is the compact range that results; proofs and new nodes come from the same rows.
    """

    def __init__(self, before: CompactRange, leaf_hashes: Sequence[bytes]) -> None:
        """Append ``leaf_hashes`` (maybe none) to ``before``; ProofError if one is no hash or the tree grows too big."""
        check_hashes("leaf hash", leaf_hashes)
        self.before = before
        self.size = before.size + len(leaf_hashes)
        check_size("size", self.size)
        # Each row holds the nodes of a level from its first index on: the old left sibling that the new nodes hang on
        # (an old peak, if any), the new nodes, and last the incomplete one, which rises from below.
        self._rows: list[tuple[int, list[bytes]]] = self._grow(leaf_hashes) if leaf_hashes else []
        self.after = CompactRange(self.size, self._peaks()) if leaf_hashes else before

    def _grow(self, leaf_hashes: Sequence[bytes]) -> list[tuple[int, list[bytes]]]:
        peaks = list(self.before.hashes)  # the last is the smallest
        rows: list[tuple[int, list[bytes]]] = []
        row, level = list(leaf_hashes), 0
        while True:
            width = self.before.size >> level
            if width & 1:
                row = [peaks.pop(), *row]
            rows.append((width - (width & 1), row))
            if (self.size - 1) >> level == 0:
                return rows
            row, level = parents(row), level + 1

    def _peaks(self) -> tuple[bytes, ...]:
        levels = [level for level in reversed(range(len(self._rows))) if self.size >> level & 1]
        return tuple(self._rows[level][1][(self.size >> level) - 1 - self._rows[level][0]] for level in levels)

    def new_nodes(self) -> list[NewNodes]:
        """Return the nodes that became complete, lowest level (the leaves themselves) first; no empty level."""
        found = []
        for level, (first, row) in enumerate(self._rows):
            begin, end = self.before.size >> level, self.size >> level
            if end > begin:
                found.append(NewNodes(level, begin, row[begin - first : end - first]))
        return found

    def inclusion_proofs(self) -> list[list[bytes]]:
        """Return the inclusion proof of each appended leaf in the grown tree, in order."""
        return self.inclusion_paths([], lambda sibling, path: [sibling, *path])

    def inclusion_paths(self, at_root: PathT, below: Callable[[bytes, PathT], PathT]) -> list[PathT]:
        """Return the path of each appended leaf, in order: ``below(sibling, path of the parent)`` from the root down.

        Nodes share their parents' paths, so each node of the group is asked for once.
        """
        if not self._rows:
            return []
        # From the top down: a node's path is its sibling and then its parent's path; an only child takes that one over.
        paths = [at_root]
        begin_above = 0
        for level in reversed(range(len(self._rows) - 1)):
            first, row = self._rows[level]
            begin = self.before.size >> level
            made = []
            for node in range(begin, first + len(row)):
                sibling = (node ^ 1) - first
                path = paths[(node >> 1) - begin_above]
                made.append(below(row[sibling], path) if sibling < len(row) else path)
            paths, begin_above = made, begin
        return paths
