"""All nodes of a tile, and a bounded number of tiles kept in memory: what proofs are made from without reading twice.

A node ``(level, index)`` of :mod:`ledger.tree.merkle` never changes once its subtree is complete, so neither does what
is kept here; of a tile that is not full the part is kept that was known.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from ledger.errors import FormatError
from ledger.tree.merkle import HASH_SIZE
from ledger.tree.tiles import FULL_WIDTH, HEIGHT

TileKey = tuple[int, int]
"""Level and index of a tile (c2sp.org/tlog-tiles), whatever its width."""

_PAIR = 2 * HASH_SIZE
_sha256 = hashlib.sha256


class TileNodes:
    """The hashes of one tile and the nodes between them and the tile above, as far as they are complete.

    ``rows[height]`` has the nodes ``height`` levels above the tile's own, one after another; 16 KiB if it is full.
    """

    __slots__ = ("rows",)

    def __init__(self, hashes: bytes) -> None:
        """``hashes`` are a tile's bytes, of any width up to 256; FormatError for anything else."""
        if len(hashes) % HASH_SIZE or len(hashes) > FULL_WIDTH * HASH_SIZE:
            raise FormatError(f"A tile of {len(hashes)} bytes is not made of up to {FULL_WIDTH} hashes.")
        row, rows = hashes, [hashes]
        for _ in range(HEIGHT - 1):
            whole = len(row) - len(row) % _PAIR
            # RFC 9162 section 2.1.1: a node is the hash of 0x01 and its two children.
            row = b"".join([_sha256(b"\x01" + row[at : at + _PAIR]).digest() for at in range(0, whole, _PAIR)])
            rows.append(row)
        self.rows = tuple(rows)

    def node(self, level: int, index: int) -> bytes:
        """The node ``(level, index)``, which is in this tile; empty where the tile is too narrow."""
        height = level % HEIGHT
        begin = (index & ((FULL_WIDTH >> height) - 1)) * HASH_SIZE
        return self.rows[height][begin : begin + HASH_SIZE]


def tile_of(level: int, index: int) -> TileKey:
    """The tile that holds the node ``(level, index)``, or the nodes that it is made of."""
    tile_level, height = divmod(level, HEIGHT)
    return tile_level, index >> (HEIGHT - height)


class KeptTiles:
    """The tiles that were asked for last, at most ``limit`` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tiles: OrderedDict[TileKey, TileNodes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tiles)

    def get(self, key: TileKey) -> TileNodes | None:
        """A tile, as wide as it was when it was kept."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def keep(self, key: TileKey, tile: TileNodes) -> None:
        """Keep a tile, in place of a narrower one."""
        self._tiles[key] = tile
        self._tiles.move_to_end(key)
        if len(self._tiles) > self._limit:
            self._tiles.popitem(last=False)

    def clear(self) -> None:
        """Forget all of them."""
        self._tiles.clear()

    def node(self, level: int, index: int) -> bytes:
        """The node ``(level, index)``; KeyError where its tile, or that part of it, is not kept."""
        tile = self._tiles[key := tile_of(level, index)]
        self._tiles.move_to_end(key)
        found = tile.node(level, index)
        if not found:
            raise KeyError((level, index))
        return found
