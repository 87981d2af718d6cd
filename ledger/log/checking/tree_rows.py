"""The tree that the leaves make, held against the stored tiles as it grows."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.db.rows import TileRow
from ledger.log.checking.report import Check
from ledger.log.checking.snapshot import Snapshot, raw_bytes, same
from ledger.tree import merkle
from ledger.tree.growth import CompactRange
from ledger.tree.merkle import HASH_SIZE
from ledger.tree.tiles import FULL_WIDTH, HEIGHT, encode_tile

_COLUMNS = TileRow._fields


class TreeRows:
    """Takes the leaves in order; every tile that becomes full must be stored as it is."""

    def __init__(self, snapshot: Snapshot, check: Check) -> None:
        self._snapshot = snapshot
        self._check = check
        self._levels: list[list[bytes]] = []
        self._full: set[tuple[int, int]] = set()
        self.compact = CompactRange()

    async def stored(self, level: int, n: int) -> TileRow | None:
        """A tile as it is stored."""
        rows = await self._snapshot.some("tiles", _COLUMNS, "n", [n], level=level)
        return TileRow(*rows[0]) if rows else None

    def grow(self, leaf_hashes: Sequence[bytes]) -> bytes:
        """Append leaves; the root after them."""
        self.compact, _ = self.compact.append_many(leaf_hashes)
        return self.compact.root()

    async def fill(self, level: int, hashes: Sequence[bytes]) -> None:
        """Take hashes of a level, compare the tiles that they fill."""
        if level == len(self._levels):
            self._levels.append([])
        row = self._levels[level]
        for value in hashes:
            row.append(value)
            if len(row) == FULL_WIDTH:
                n = (self.compact.size >> (HEIGHT * (level + 1))) - 1
                root = merkle.root(row)
                self._compare(TileRow(level, n, encode_tile(row), root), await self.stored(level, n))
                self._full.add((level, n))
                row.clear()
                await self.fill(level + 1, [root])

    async def end(self) -> None:
        """Nothing but full tiles is stored."""
        found = await self._snapshot.all("SELECT level, n FROM tiles WHERE log = :log")
        for level, n in found:
            if (level, n) not in self._full:
                self._check.error(f"There is a tile {n} of level {level}, which this tree has not.", table="tiles")
        self._check.evidence = f"tiles: {len(self._full)}"

    def _compare(self, expected: TileRow, found: TileRow | None) -> None:
        level, n = expected.level, expected.n
        width = 1 << (HEIGHT * level)
        first = n * FULL_WIDTH * width
        if found is None:
            self._check.error(f"Tile {n} of level {level} is missing.", entry=first, table="tiles")
            return
        if not same(found.hashes, expected.hashes):
            number = _first_difference(found.hashes, expected.hashes)
            begin = first + number * width
            what = f"entry {begin}" if level == 0 else f"entries {begin} to {begin + width - 1}"
            self._check.error(
                f"Hash {number} in tile {n} of level {level} is not that of {what}.",
                entry=begin,
                table="tiles",
                column="hashes",
            )
        if not same(found.root, expected.root):
            last = first + FULL_WIDTH * width - 1
            self._check.error(
                f"The root of tile {n} of level {level} is not that of entries {first} to {last}.",
                entry=first,
                table="tiles",
                column="root",
            )


def _first_difference(found: object, expected: bytes) -> int:
    """The first hash of a tile that differs; the last one where the tile is only too long."""
    data = raw_bytes(found)
    for number in range(FULL_WIDTH):
        part = slice(number * HASH_SIZE, (number + 1) * HASH_SIZE)
        if data[part] != expected[part]:
            return number
    return FULL_WIDTH - 1
