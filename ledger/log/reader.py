"""Reading a log: heads, tiles, entries, proofs and receipts. Everything but the head's row never changes."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db.tables import anchors, checkpoints, entries, logs, tiles
from ledger.errors import ConfigError, NotFoundError, ProofError
from ledger.log.chain_views import ChainViews
from ledger.log.queries import chunks
from ledger.log.views import Views
from ledger.tree import merkle
from ledger.tree.keys import VerifierKey
from ledger.tree.merkle import CompactRange, NodeReader
from ledger.tree.receipts import Anchor, Receipt
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, Tile, decode_tile, encode_entries, encode_tile, node_in_tile
from ledger.tree.tiles import tile_of_node as _tile_of_node

Node = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Head:
    """The log's head as committed last. ``checkpoint`` is the signed note."""

    origin: str
    vkey: str
    size: int
    at_ms: int
    checkpoint: str
    compact: CompactRange


class Reader(Views, ChainViews):
    """Reads one log; the views of its statements and of the worker's rows included."""

    async def head(self) -> Head:
        """The committed head. Raises ConfigError where the log is not opened."""
        row = await self._one(select(logs).where(logs.c.name == self._log))
        if row is None:
            raise ConfigError(f"There is no log '{self._log}' in the database.", remedy="Start the service once.")
        return Head(
            row.origin, row.vkey, row.size, row.at_ms, row.note, CompactRange.decode(row.size, bytes(row.compact))
        )

    async def checkpoint(self) -> str:
        """The newest signed checkpoint."""
        return (await self.head()).checkpoint

    async def checkpoint_at(self, size: int) -> str:
        """The first stored checkpoint of at least this size. Raises NotFoundError beyond the head."""
        query = select(checkpoints.c.note).where(checkpoints.c.log == self._log, checkpoints.c.size >= size)
        row = await self._one(query.order_by(checkpoints.c.size).limit(1))
        if row is None:
            raise NotFoundError(f"The log has not grown to {size} entries yet.", remedy="Ask again later.")
        return str(row.note)

    async def statements(self, begin: int, end: int) -> list[bytes]:
        """The statements of the entries ``[begin, end)`` as far as there are any, in order. Ask for ranges."""
        query = select(entries.c.statement).where(
            entries.c.log == self._log, entries.c.entry_index >= begin, entries.c.entry_index < end
        )
        return [bytes(row.statement) for row in await self._all(query.order_by(entries.c.entry_index))]

    async def tile(self, level: int, n: int, width: int | None = None) -> bytes:
        """A tile's bytes (c2sp.org/tlog-tiles); ``width`` below 256 asks for a partial one. Raises NotFoundError."""
        tile = Tile(level, n, width or FULL_WIDTH)
        async with self._connection() as connection:
            hashes = await self._tile_hashes(connection, tile)
        if len(hashes) < tile.width:
            raise NotFoundError(f"The log has no {tile.path} yet.", remedy="Ask for what the checkpoint's size allows.")
        return encode_tile(hashes)

    async def entry_bundle(self, n: int, width: int | None = None) -> bytes:
        """An entry bundle's bytes (c2sp.org/tlog-tiles, Log Entries). Raises NotFoundError."""
        tile = Tile(ENTRIES, n, width or FULL_WIDTH)
        statements = await self.statements(n * FULL_WIDTH, n * FULL_WIDTH + tile.width)
        if len(statements) < tile.width:
            raise NotFoundError(f"The log has no {tile.path} yet.", remedy="Ask for what the checkpoint's size allows.")
        return encode_entries(statements)

    async def root_at(self, size: int) -> bytes:
        """The root of the first ``size`` entries. Raises NotFoundError beyond the head."""
        await self._check_size(size)
        return merkle.root_at(size, await self._nodes(merkle.root_nodes(size)))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two sizes. Raises NotFoundError beyond the head, ProofError if old > new."""
        await self._check_size(new)
        return merkle.consistency_proof(old, new, await self._nodes(merkle.consistency_nodes(old, new)))

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The inclusion proof of an entry in the tree of ``size``. Raises NotFoundError, ProofError."""
        await self._check_size(size)
        return merkle.inclusion_proof(index, size, await self._nodes(merkle.inclusion_nodes(index, size)))

    async def receipt(self, index: int) -> bytes:
        """The receipt of an entry: its first checkpoint and, once an anchor covers that, the first such anchor.

        Raises NotFoundError where there is no such entry.
        """
        return (await self.receipts([index]))[index].encode()

    async def receipts(self, indexes: Collection[int]) -> dict[int, Receipt]:
        """The receipts of entries by their index, in a few reads whatever their number. Raises NotFoundError."""
        wanted = sorted(set(indexes))
        head = await self.head()
        key = VerifierKey.parse(head.vkey)
        statements: dict[int, bytes] = {}
        for part in chunks(wanted):
            query = select(entries.c.entry_index, entries.c.statement).where(
                entries.c.log == self._log, entries.c.entry_index.in_(part)
            )
            statements |= {row.entry_index: bytes(row.statement) for row in await self._all(query)}
        first = await self._first_checkpoints(wanted)
        anchored = await self._first_anchors({size for size, _ in first.values()}, head.size)
        nodes = {node for index in wanted for node in merkle.inclusion_nodes(index, first[index][0])}
        nodes |= {node for size, row in anchored.items() for node in merkle.consistency_nodes(size, row.size)}
        source = await self._nodes(nodes)
        made = {size: self._anchor(size, row, source) for size, row in anchored.items()}
        receipts = {}
        for index in wanted:
            size, note = first[index]
            receipt = Receipt.issue(key, statements[index], index, merkle.inclusion_proof(index, size, source), note)
            receipts[index] = Receipt(receipt.key, receipt.proof, made.get(size))
        return receipts

    async def _first_checkpoints(self, indexes: Sequence[int]) -> dict[int, tuple[int, str]]:
        """For each index, which ascend, the size and note of the first checkpoint beyond it."""
        found: dict[int, tuple[int, str]] = {}
        covered: tuple[int, str] = (0, "")
        async with self._connection() as connection:
            for index in indexes:
                if not 0 <= index < covered[0]:
                    query = select(checkpoints.c.size, checkpoints.c.note).where(
                        checkpoints.c.log == self._log, checkpoints.c.size > index
                    )
                    row = (await connection.execute(query.order_by(checkpoints.c.size).limit(1))).one_or_none()
                    if row is None or index < 0:
                        raise NotFoundError(f"There is no entry {index}.")
                    covered = row.size, row.note
                found[index] = covered
        return found

    async def _first_anchors(self, sizes: Collection[int], head_size: int) -> dict[int, Any]:
        """For each size, the row of the first anchor that covers it, where there is one that this log reaches."""
        query = select(anchors).where(anchors.c.log == self._log, anchors.c.size <= head_size)
        query = query.order_by(anchors.c.size, anchors.c.chain_id).limit(1)
        found: dict[int, Any] = {}
        async with self._connection() as connection:
            for size in sorted(sizes):
                row = (await connection.execute(query.where(anchors.c.size >= size))).one_or_none()
                if row is not None:
                    found[size] = row
        return found

    def _anchor(self, size: int, row: Any, source: NodeReader) -> Anchor:
        return Anchor(
            chain_id=row.chain_id,
            contract=row.contract,
            log_id=row.log_id,
            size=row.size,
            root=bytes(row.root),
            transaction=row.tx,
            block=row.block,
            consistency=tuple(merkle.consistency_proof(size, row.size, source)),
        )

    async def _check_size(self, size: int) -> None:
        head = await self.head()
        if not 0 <= size <= head.size:
            raise NotFoundError(f"The log has {head.size} entries, not {size}.", remedy="Ask for a size it has.")

    async def _nodes(self, nodes: Iterable[Node]) -> NodeReader:
        """A reader of these nodes, whose tiles are loaded at once: full ones whole, the right edge from its parts."""
        wanted: dict[int, set[int]] = defaultdict(set)
        for level, index in nodes:
            tile = _tile_of_node(level, index, merkle.MAX_SIZE)
            wanted[tile.level].add(tile.index)
        loaded: dict[Node, list[bytes]] = {}
        async with self._connection() as connection:
            for level, numbers in wanted.items():
                for part in chunks(sorted(numbers)):
                    query = select(tiles.c.n, tiles.c.hashes).where(
                        tiles.c.log == self._log, tiles.c.level == level, tiles.c.n.in_(part)
                    )
                    for row in await connection.execute(query):
                        loaded[level, row.n] = decode_tile(bytes(row.hashes))
                for number in numbers:
                    if (level, number) not in loaded:
                        loaded[level, number] = await self._edge(connection, Tile(level, number))

        @functools.cache  # the proofs of a group share most of their nodes
        def read(level: int, index: int) -> bytes:
            tile = _tile_of_node(level, index, merkle.MAX_SIZE)
            try:
                return node_in_tile(level, index, loaded[tile.level, tile.index])
            except ProofError as error:
                raise ProofError(f"The database lacks node {index} of level {level}.") from error

        return read

    async def _tile_hashes(self, connection: AsyncConnection, tile: Tile) -> list[bytes]:
        if tile.is_full:
            query = select(tiles.c.hashes).where(
                tiles.c.log == self._log, tiles.c.level == tile.level, tiles.c.n == tile.index
            )
            found = (await connection.execute(query)).one_or_none()
            return decode_tile(bytes(found.hashes)) if found else []
        return await self._edge(connection, tile)

    async def _edge(self, connection: AsyncConnection, tile: Tile) -> list[bytes]:
        """The hashes of a tile as far as there are any: leaf hashes, or the roots of the full tiles below."""
        begin = tile.index * FULL_WIDTH
        query: Select[Any]
        if tile.level == 0:
            place, condition = entries.c.entry_index, entries.c.log == self._log
            query = select(entries.c.leaf_hash).where(condition)
        else:
            place = tiles.c.n
            query = select(tiles.c.root).where(tiles.c.log == self._log, tiles.c.level == tile.level - 1)
        rows = await connection.execute(query.where(place >= begin, place < begin + tile.width).order_by(place))
        return [bytes(row[0]) for row in rows]
