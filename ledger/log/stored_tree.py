"""The tree of a log as the database has it: full tiles whole, the right edge from leaf hashes and tiles' roots.

The tiles that were read last are kept, because a complete node never changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ledger.db import Database
from ledger.db.fetch import Asked
from ledger.db.loading import Lookup, Query
from ledger.errors import ProofError
from ledger.tree.merkle import NodeReader
from ledger.tree.tile_nodes import KeptTiles, TileKey, TileNodes, tile_of
from ledger.tree.tiles import FULL_WIDTH, HEIGHT, Tile

Node = tuple[int, int]
KEPT_TILES = 2_048
"""16 KiB each. All tiles of a log of half a million entries; of a larger one the upper levels and what is asked for."""

_FULL_SQL = """
SELECT t.level, t.n, t.hashes
FROM {wanted} CROSS JOIN tiles AS t
WHERE t.log = {log} AND t.level = CAST(wanted.a AS BIGINT) AND t.n = CAST(wanted.b AS BIGINT)"""
_LEAF_HASHES_SQL = """
SELECT leaf_hash FROM entries
WHERE log = {log} AND entry_index >= {0} AND entry_index < {1} ORDER BY entry_index"""
_ROOTS_SQL = """
SELECT root FROM tiles WHERE log = {log} AND n >= {0} AND n < {1} AND level = {2} ORDER BY n"""


class StoredTree:
    """Reads one log's tree. ``size`` is that of the largest head seen."""

    def __init__(self, database: Database, log: str, kept_tiles: int = KEPT_TILES) -> None:
        self._database = database
        self._log = log
        self._kept = KeptTiles(kept_tiles)
        self.size = 0

    def saw(self, size: int, before: int) -> None:
        """A head of this size is committed; ``before`` was ``size`` when it was asked for.

        A log never shrinks: if this one did, another database stands there now, and nothing that is kept counts.
        """
        if size < before:
            self._kept.clear()
            self.size = size
        self.size = max(self.size, size)

    def kept_node(self, level: int, index: int) -> bytes:
        """A node from what is kept; KeyError where its tile is not. A NodeReader for proofs in trees up to ``size``."""
        return self._kept.node(level, index)

    async def nodes(self, nodes: Iterable[Node]) -> NodeReader:
        """A reader of these nodes; the tiles that are not kept are loaded at once. Raises DatabaseError."""
        ready: dict[TileKey, TileNodes] = {}
        wanted: set[TileKey] = set()
        for level, index in nodes:
            key = tile_of(level, index)
            tile = ready.get(key) or self._kept.get(key)
            if tile is not None and tile.node(level, index):
                ready[key] = tile
            else:
                wanted.add(key)
        for key, hashes in (await self._load(wanted)).items():
            ready[key] = TileNodes(hashes)
            self._kept.keep(key, ready[key])

        def read(level: int, index: int) -> bytes:
            tile = ready.get(tile_of(level, index))
            found = tile.node(level, index) if tile is not None else b""
            if not found:
                raise ProofError(f"The database lacks node {index} of level {level}.")
            return found

        return read

    async def tile(self, tile: Tile) -> bytes | None:
        """A tile's bytes; None where the log has not all of its hashes yet. Raises DatabaseError."""
        key = tile.level, tile.index
        if tile.is_full:
            (rows,) = await self._database.fetch(self._log, [_full([key])])
            return bytes(rows[0][2]) if rows else None
        (rows,) = await self._database.fetch(self._log, [_edge(key, tile.width)])
        return b"".join(hashed for (hashed,) in rows) if len(rows) == tile.width else None

    async def _load(self, keys: Collection[TileKey]) -> dict[TileKey, bytes]:
        """The hashes of tiles as far as there are any."""
        if not keys:
            return {}
        full = [key for key in keys if (key[1] + 1) << (HEIGHT * (key[0] + 1)) <= self.size]
        edges = sorted(set(keys).difference(full))
        asked: list[Asked] = [*([_full(full)] if full else []), *(_edge(key, FULL_WIDTH) for key in edges)]
        answers = await self._database.fetch(self._log, asked)
        loaded = {(level, n): bytes(hashes) for level, n, hashes in (answers.pop(0) if full else ())}
        for key, rows in zip(edges, answers, strict=True):
            loaded[key] = b"".join(hashed for (hashed,) in rows)
        return loaded


def _full(keys: Collection[TileKey]) -> Lookup:
    """Full tiles: each of them one row."""
    return Lookup(_FULL_SQL, [(str(level), str(n)) for level, n in keys])


def _edge(key: TileKey, width: int) -> Query:
    """The hashes of a tile that is not full, a row each: leaf hashes, or the roots of the full tiles below."""
    level, begin = key[0], key[1] * FULL_WIDTH
    if level == 0:
        return Query(_LEAF_HASHES_SQL, (begin, begin + width))
    return Query(_ROOTS_SQL, (begin, begin + width, level - 1))
