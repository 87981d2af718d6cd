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

_BLOCK_BYTES = 1 << 16


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

    def append_tile(self, tile: bytes, root: bytes) -> Iterator[tuple[Tile, bytes]]:
        """Append the leaves of the next tile by its bytes and the root over them, which somebody has hashed.

        Yields the tiles above it that became full. Only the last tile may be a partial one (ValueError).
        """
        before, width = self.size, len(tile) // HASH_SIZE
        if before % FULL_WIDTH:
            raise ValueError(f"A tree of {before} leaves ends within a tile.")
        self.size += width
        if not self._rows:
            self._rows.append([])
        if width == FULL_WIDTH:
            yield from self._extend(1, [root], before // FULL_WIDTH)
        else:
            self._rows[0].extend(decode_tile(tile))

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

    def extend_joined(self, joined: bytes) -> None:
        """Add the next ones, which are joined already."""
        self._joined += joined

    def first_difference(self, other: Hashes) -> int | None:
        """The first place, up to the end of the shorter one, at which they differ; None if there is none."""
        ours, theirs = memoryview(self._joined), memoryview(other._joined)
        common = min(len(ours), len(theirs))
        for begin in range(0, common, _BLOCK_BYTES):
            end = min(begin + _BLOCK_BYTES, common)
            if ours[begin:end] != theirs[begin:end]:
                places = range(begin // HASH_SIZE, end // HASH_SIZE)
                return next(place for place in places if self[place] != other[place])
        return None

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


def roots_at(leaf_hashes: Sequence[bytes], tile_roots: Sequence[bytes], sizes: Sequence[int]) -> dict[int, bytes]:
    """The roots of the trees of the first ``size`` leaves, for all ``sizes`` in one pass; sizes beyond are left out.

    ``tile_roots`` are those over each 256 leaves: only the leaves of tiles that a size cuts are hashed together anew.
    """
    roots: dict[int, bytes] = {}
    tiles = rest = CompactRange()
    for size in sorted(set(sizes)):
        if size > len(leaf_hashes):
            break
        if size // FULL_WIDTH > tiles.size:
            tiles, _ = tiles.append_many(tile_roots[tiles.size : size // FULL_WIDTH])
            rest = CompactRange()
        rest, _ = rest.append_many(leaf_hashes[tiles.size * FULL_WIDTH + rest.size : size])
        peaks = [*tiles.hashes, *rest.hashes]
        roots[size] = merkle.fold(peaks) if peaks else merkle.EMPTY_ROOT
    return roots
