"""Reading a log: heads, tiles, entries, proofs and receipts. Everything but the head's row never changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from ledger.db import Database
from ledger.db.loading import DbRow, Lookup, Query
from ledger.db.tables import checkpoints, entries
from ledger.errors import ConfigError, NotFoundError
from ledger.log.chain_views import ChainViews
from ledger.log.log_keys import LogKeys
from ledger.log.stored_tree import KEPT_TILES, StoredTree
from ledger.log.views import Views
from ledger.tree import merkle
from ledger.tree.growth import CompactRange
from ledger.tree.key_chain import KeyChain
from ledger.tree.merkle import NodeReader
from ledger.tree.receipts import Anchor, Receipt
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, Tile, encode_entries


@dataclass(frozen=True, slots=True)
class Head:
    """The log's head as committed last. ``checkpoint`` is the signed note."""

    origin: str
    vkey: str
    size: int
    at_ms: int
    checkpoint: str
    compact: CompactRange


class _AnchorRow(NamedTuple):
    chain_id: int
    contract: str
    log_id: str
    size: int
    root: bytes
    tx: str
    block: int


class Reader(Views, ChainViews, LogKeys):
    """Reads one log; the views of its statements and of the worker's rows included."""

    def __init__(self, database: Database, log: str, kept_tiles: int = KEPT_TILES) -> None:
        """``kept_tiles``: how many are kept at most, 16 KiB each."""
        super().__init__(database, log)
        self._tree = StoredTree(database, log, kept_tiles)

    async def head(self) -> Head:
        """The committed head. Raises ConfigError where the log is not opened."""
        before = self._tree.size
        (rows,) = await self._database.fetch(self._log, [_HEAD])
        return self._head(rows, before)

    def _head(self, rows: list[DbRow], before: int) -> Head:
        if not rows:
            raise ConfigError(f"There is no log '{self._log}' in the database.", remedy="Start the service once.")
        origin, vkey, size, at_ms, note, compact = rows[0]
        self._tree.saw(size, before)
        return Head(origin, vkey, size, at_ms, note, CompactRange.decode(size, compact))

    async def log_keys(self) -> KeyChain:
        """The log's keys, each with the entry that put it in force. Raises ConfigError where it is not opened."""
        head = await self.head()
        return await self.keys_up_to(head.origin, head.vkey)

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
        hashes = await self._tree.tile(tile)
        if hashes is None:
            raise NotFoundError(f"The log has no {tile.path} yet.", remedy="Ask for what the checkpoint's size allows.")
        return hashes

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
        try:
            return merkle.root_at(size, self._tree.kept_node)
        except KeyError:
            return merkle.root_at(size, await self._tree.nodes(merkle.root_nodes(size)))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two sizes. Raises NotFoundError beyond the head, ProofError if old > new."""
        await self._check_size(new)
        try:
            return merkle.consistency_proof(old, new, self._tree.kept_node)
        except KeyError:
            return merkle.consistency_proof(old, new, await self._tree.nodes(merkle.consistency_nodes(old, new)))

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The inclusion proof of an entry in the tree of ``size``. Raises NotFoundError, ProofError."""
        await self._check_size(size)
        try:
            return merkle.inclusion_proof(index, size, self._tree.kept_node)
        except KeyError:
            return merkle.inclusion_proof(index, size, await self._tree.nodes(merkle.inclusion_nodes(index, size)))

    async def nodes(self, nodes: Collection[tuple[int, int]]) -> NodeReader:
        """A reader of these complete nodes ``(level, index)`` of the tree. Raises NotFoundError beyond the head."""
        await self._check_size(max(((index + 1) << level for level, index in nodes), default=0))
        return await self._tree.nodes(nodes)

    async def receipt(self, index: int) -> bytes:
        """The receipt of an entry: its first checkpoint and, once an anchor covers that, the first such anchor.

        Raises NotFoundError where there is no such entry.
        """
        return (await self.receipts([index]))[index].encode()

    async def receipts(self, indexes: Collection[int]) -> dict[int, Receipt]:
        """The receipts of entries by their index, in a few reads whatever their number. Raises NotFoundError."""
        wanted = sorted(set(indexes))
        before = self._tree.size
        asked = Lookup(_ENTRIES_SQL, [(str(index),) for index in wanted])
        heads, rows = await self._database.fetch(self._log, [_HEAD, asked])
        head = self._head(heads, before)
        found = {index: (statement, size, note) for index, statement, size, note in rows}
        for index in wanted:
            if index not in found:
                raise NotFoundError(f"There is no entry {index}.")
        anchored = await self._first_anchors({size for _, size, _ in found.values()}, head.size)
        nodes = {node for index in wanted for node in merkle.inclusion_nodes(index, found[index][1])}
        nodes |= {node for size, row in anchored.items() for node in merkle.consistency_nodes(size, row.size)}
        source = await self._tree.nodes(nodes)
        keys = await self.keys_up_to(head.origin, head.vkey)
        made = {size: _anchor(size, row, source) for size, row in anchored.items()}
        receipts = {}
        for index in wanted:
            statement, size, note = found[index]
            proof = merkle.inclusion_proof(index, size, source)
            receipt = Receipt.issue(keys.key_at(size), statement, index, proof, note)
            receipts[index] = Receipt(receipt.key, receipt.proof, made.get(size))
        return receipts

    async def _first_anchors(self, sizes: Collection[int], head_size: int) -> dict[int, _AnchorRow]:
        """For each size, the row of the first anchor that covers it, where there is one that this log reaches."""
        found: dict[int, _AnchorRow] = {}
        row: _AnchorRow | None = None
        for size in sorted(sizes):
            if row is None or row.size < size:
                (rows,) = await self._database.fetch(self._log, [Query(_ANCHOR_SQL, (size, head_size))])
                if not rows:
                    break  # nor is there one for the larger sizes
                row = _AnchorRow(*rows[0])
            found[size] = row
        return found

    async def _check_size(self, size: int) -> None:
        """Raise NotFoundError beyond the head, which is read only where none that large was seen: the log grows."""
        if 0 <= size <= self._tree.size:
            return
        head = await self.head()
        if not 0 <= size <= head.size:
            raise NotFoundError(f"The log has {head.size} entries, not {size}.", remedy="Ask for a size it has.")


def _anchor(size: int, row: _AnchorRow, source: NodeReader) -> Anchor:
    return Anchor(
        chain_id=row.chain_id,
        contract=row.contract,
        log_id=row.log_id,
        size=row.size,
        root=row.root,
        transaction=row.tx,
        block=row.block,
        consistency=tuple(merkle.consistency_proof(size, row.size, source)),
    )


_HEAD = Query("SELECT origin, vkey, size, at_ms, note, compact FROM logs WHERE name = {log}")
_ENTRIES_SQL = """
SELECT e.entry_index, e.statement, c.size, c.note
FROM {wanted} CROSS JOIN entries AS e CROSS JOIN checkpoints AS c
WHERE e.log = {log} AND e.entry_index = CAST(wanted.a AS BIGINT) AND c.log = {log}
  AND c.size = (SELECT MIN(f.size) FROM checkpoints AS f WHERE f.log = {log} AND f.size > e.entry_index)"""
_ANCHOR_SQL = """
SELECT chain_id, contract, log_id, size, root, tx, block FROM anchors
WHERE log = {log} AND size >= {0} AND size <= {1} ORDER BY size, chain_id LIMIT 1"""
