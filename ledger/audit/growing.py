"""A tree that grows leaf by leaf and gives its tiles as they fill: all that a mirror or a replay keeps of a log's tree.

Per level it holds the hashes of the one tile that is not full yet, so its memory does not grow with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from ledger.errors import ProofError
from ledger.tree import merkle
from ledger.tree.growth import CompactRange
from ledger.tree.merkle import HASH_SIZE
from ledger.tree.tiles import FULL_WIDTH, HEIGHT, Tile, decode_tile, encode_tile


class GrowingTree:
    """An RFC 9162 tree that is appended to. ``size`` is its number of leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = []

    @classmethod
    def resume(cls, size: int, read_tile: Callable[[Tile], bytes]) -> GrowingTree:
        """The tree of ``size`` leaves from its partial tiles; ProofError if one does not hold what its name says."""
        tree = cls()
        tree.size = size
        level = 0
        while size >> (HEIGHT * level):
            index, width = divmod(size >> (HEIGHT * level), FULL_WIDTH)
            hashes = decode_tile(read_tile(Tile(level, index, width))) if width else []
            if len(hashes) != width:
                raise ProofError(f"The tile '{Tile(level, index, width).path}' does not hold {width} hashes.")
            tree._rows.append(hashes)
            level += 1
        return tree

    def append(self, leaf_hashes: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Append leaves; yields each tile that became full, with its bytes. Exhaust it: the work is done as it runs."""
        self.size += len(leaf_hashes)
        yield from self._extend(0, leaf_hashes, self.size - len(leaf_hashes))

    def _extend(self, level: int, hashes: Sequence[bytes], count: int) -> Iterator[tuple[Tile, bytes]]:
        """Add ``hashes`` to a level that has held ``count`` of them so far."""
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        begin = 0
        while begin < len(hashes):
            part = hashes[begin : begin + FULL_WIDTH - len(row)]
            row.extend(part)
            begin += len(part)
            count += len(part)
            if len(row) == FULL_WIDTH:
                index = count // FULL_WIDTH - 1
                yield Tile(level, index), encode_tile(row)
                above = merkle.root(row)
                row.clear()
                yield from self._extend(level + 1, [above], index)

    def partial_tiles(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield the tiles that are not full, with their bytes."""
        for level, row in enumerate(self._rows):
            if row:
                yield Tile(level, (self.size >> (HEIGHT * level)) // FULL_WIDTH, len(row)), encode_tile(row)

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        carried: list[bytes] = []
        for row in self._rows:
            # What is incomplete below stands last in the row above, where an odd one rises (RFC 9162 section 2.1.1).
            carried = [merkle.root([*row, *carried])] if row or carried else []
        return carried[0] if carried else merkle.EMPTY_ROOT


class Hashes(Sequence[bytes]):
    """Hashes one after another in 32 bytes each: a list of objects takes three times as much memory."""

    def __init__(self) -> None:
        self._joined = bytearray()

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Add the next ones."""
        self._joined += b"".join(hashes)

    def __len__(self) -> int:
        return len(self._joined) // HASH_SIZE

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        begin = range(len(self))[place] * HASH_SIZE
        return bytes(self._joined[begin : begin + HASH_SIZE])


def roots_at(leaf_hashes: Sequence[bytes], sizes: Sequence[int]) -> dict[int, bytes]:
    """The roots of the trees of the first ``size`` leaves, for all ``sizes`` in one pass; sizes beyond are left out."""
    roots: dict[int, bytes] = {}
    compact = CompactRange()
    for size in sorted(set(sizes)):
        if size <= len(leaf_hashes):
            compact, _ = compact.append_many(leaf_hashes[compact.size : size])
            roots[size] = compact.root()
    return roots
