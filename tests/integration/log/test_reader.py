"""Reading on both databases: tiles and proofs equal those computed from all entries."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import insert, update

from ledger.db import Database
from ledger.db.tables import anchors, entries, logs
from ledger.errors import NotFoundError
from ledger.log.items import Item, Written
from ledger.log.reader import Reader
from ledger.tree import merkle, tiles
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.growth import CompactRange
from ledger.tree.receipts import Receipt, verify_anchor_offline, verify_log_part
from tests.integration.log.conftest import LOG, OpenLog

ADDRESS = "0x" + 40 * "2"
HASH = "0x" + 64 * "3"


async def grow(log: OpenLog, *sizes: int) -> list[bytes]:
    """Write groups until the log has each of these sizes in turn; returns all statements."""
    size = (await log.reader.head()).size
    for target in sizes:
        items: list[Item] = [log.maker.submit(f"w{number % 3}") for number in range(target - size)]
        results = await log.writer.write_many(items)
        assert all(isinstance(each, Written) for each in results)
        size = target
    return await log.reader.statements(0, size)


async def test_tiles_and_bundles_are_those_of_the_entries(log: OpenLog) -> None:
    statements = await grow(log, 255, 256, 257, 600, 1024, 1100)
    leaves = [merkle.leaf_hash(each) for each in statements]
    for tile in tiles.tiles_of(len(statements)):
        hashes = [merkle.root(leaves[index << level : (index + 1) << level]) for level, index in tile.nodes()]
        width = None if tile.is_full else tile.width
        assert await log.reader.tile(tile.level, tile.index, width) == tiles.encode_tile(hashes), tile.path
    for bundle in tiles.entry_bundles_of(len(statements)):
        begin = bundle.index * 256
        expected = tiles.encode_entries(statements[begin : begin + bundle.width])
        assert await log.reader.entry_bundle(bundle.index, None if bundle.is_full else bundle.width) == expected
    assert await log.reader.tile(0, 0, 3) == b"".join(leaves[:3])
    for level, index, width in ((0, 4, None), (0, 4, 77), (1, 0, 5), (1, 1, 1), (2, 0, 1)):
        with pytest.raises(NotFoundError):
            await log.reader.tile(level, index, width)
    with pytest.raises(NotFoundError):
        await log.reader.entry_bundle(4)


async def test_proofs_are_those_of_the_entries(log: OpenLog) -> None:
    statements = await grow(log, 10, 300, 700)
    leaves = [merkle.leaf_hash(each) for each in statements]
    sizes = (0, 1, 3, 255, 256, 257, 300, 511, 512, 513, 700)
    for size in sizes:
        assert await log.reader.root_at(size) == merkle.root(leaves[:size])
        for index in {0, size // 2, size - 1} if size else set():
            assert await log.reader.inclusion(index, size) == merkle.inclusion_proof(index, size, leaves)
    for old, new in itertools.combinations_with_replacement(sizes, 2):
        assert await log.reader.consistency(old, new) == merkle.consistency_proof(old, new, leaves)
    with pytest.raises(NotFoundError):
        await log.reader.root_at(701)


@pytest.mark.long
async def test_a_deep_tree_has_tiles_of_tiles(log: OpenLog) -> None:
    """65,536 entries fill a tile of level 1: its left part comes from stored roots, its right from new nodes."""
    statements = await grow(log, *range(1_000, 66_000, 1_000), 66_000)
    leaves = [merkle.leaf_hash(each) for each in statements]
    level_one = [merkle.root(leaves[begin : begin + 256]) for begin in range(0, 65_536, 256)]
    assert await log.reader.tile(1, 0) == b"".join(level_one)
    assert await log.reader.tile(2, 0, 1) == merkle.root(leaves[:65_536])
    assert await log.reader.root_at(65_999) == merkle.root(leaves[:65_999])
    assert await log.reader.consistency(40_000, 66_000) == merkle.consistency_proof(40_000, 66_000, leaves)


async def test_checkpoints_are_kept(log: OpenLog) -> None:
    await grow(log, 20, 50)
    key = [log.signer.verifier_key]
    assert [open_checkpoint(await log.reader.checkpoint_at(size), key).size for size in (1, 4, 20, 21)] == [
        1,
        20,
        20,
        50,
    ]
    assert open_checkpoint(await log.reader.checkpoint(), key).size == 50
    with pytest.raises(NotFoundError):
        await log.reader.checkpoint_at(51)


async def add_anchor(database: Database, log: OpenLog, size: int) -> None:
    row = {
        "log": LOG,
        "size": size,
        "root": await log.reader.root_at(size),
        "tx": HASH,
        "block": 5,
        "chain_id": 31337,
        "contract": ADDRESS,
        "log_id": HASH,
        "finalized": False,
    }
    async with database.begin() as connection:
        await connection.execute(insert(anchors).values(row))


async def test_a_receipt_gains_the_first_anchor_that_covers_it(log: OpenLog, database: Database) -> None:
    written = await log.writer.write(log.maker.submit("ann", external_id="1"))
    await grow(log, 100, 300)
    before = Receipt.parse(await log.reader.receipt(written.index))
    assert before.encode() == written.receipt
    await add_anchor(database, log, 3)  # too small: the entry is number 3
    assert await log.reader.receipt(written.index) == written.receipt
    await add_anchor(database, log, 250)
    await add_anchor(database, log, 300)
    after = Receipt.parse(await log.reader.receipt(written.index))
    assert (after.key, after.proof) == (before.key, before.proof)
    verify_log_part(after, log.signer.verifier_key)
    anchor = verify_anchor_offline(after)
    assert (anchor.size, anchor.root) == (250, await log.reader.root_at(250))
    assert Receipt.parse(await log.reader.receipt(299)).anchor is not None
    many = await log.reader.receipts(range(300))
    for index, receipt in many.items():
        assert verify_log_part(receipt).index == index
        verify_anchor_offline(receipt)
    for index in (300, -1):
        with pytest.raises(NotFoundError):
            await log.reader.receipt(index)


async def test_an_anchor_beyond_the_log_is_left_out(log: OpenLog, database: Database) -> None:
    """A database older than its anchor: what it can prove it still proves."""
    written = await log.writer.write(log.maker.submit("ann"))
    await add_anchor(database, log, 4)
    async with database.begin() as connection:
        await connection.execute(anchors.update().values(size=400))
    assert await log.reader.receipt(written.index) == written.receipt


async def test_proofs_of_a_known_size_ask_the_database_once(log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = await grow(log, 300, 600)
    leaves = [merkle.leaf_hash(each) for each in statements]
    reader = Reader(log.database, LOG)
    await reader.inclusion(5, 600)
    await reader.consistency(300, 600)
    asked = []
    monkeypatch.setattr(log.database, "fetch", lambda *arguments: asked.append(arguments))
    for index in (0, 5, 255):
        assert await reader.inclusion(index, 600) == merkle.inclusion_proof(index, 600, leaves)
    assert await reader.consistency(256, 600) == merkle.consistency_proof(256, 600, leaves)
    assert await reader.root_at(600) == merkle.root(leaves)
    assert asked == []


async def test_kept_edges_grow_with_the_log(log: OpenLog) -> None:
    reader = Reader(log.database, LOG)
    for size in (3, 40, 200, 256, 300, 513, 530):
        leaves = [merkle.leaf_hash(each) for each in await grow(log, size)]
        for old in (1, size // 2, size - 1):
            assert await reader.inclusion(old, size) == merkle.inclusion_proof(old, size, leaves)
            assert await reader.consistency(old, size) == merkle.consistency_proof(old, size, leaves)


async def test_nothing_kept_counts_on_another_database(log: OpenLog) -> None:
    """Whoever puts an older copy under a running service gets the proofs of that copy, once its head was read."""
    statements = await grow(log, 10, 20)
    assert await log.reader.root_at(20) == merkle.root([merkle.leaf_hash(each) for each in statements])
    forged = [bytes(32)] * 4
    async with log.database.begin() as connection:
        await connection.execute(update(logs).values(size=4, compact=CompactRange().append_many(forged)[0].encode()))
        for index, leaf in enumerate(forged):
            await connection.execute(update(entries).where(entries.c.entry_index == index).values(leaf_hash=leaf))
    assert (await log.reader.head()).size == 4
    assert await log.reader.root_at(4) == merkle.root(forged)
    with pytest.raises(NotFoundError):
        await log.reader.root_at(20)


async def test_receipts_of_many_groups_come_at_once(log: OpenLog) -> None:
    await grow(log, 4, 5, 9, 300, 301, 700)
    receipts = await log.reader.receipts(range(700))
    for index, receipt in receipts.items():
        assert verify_log_part(receipt, log.signer.verifier_key).index == index
        assert receipt.checkpoint.size == min(size for size in (1, 2, 3, 4, 5, 9, 300, 301, 700) if size > index)
    with pytest.raises(NotFoundError, match="no entry 700"):
        await log.reader.receipts([3, 700])
    with pytest.raises(NotFoundError, match="no entry -1"):
        await log.reader.receipts([-1])
