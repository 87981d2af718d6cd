"""The log's key is rotated while a worker anchors; the chain goes on naming the first key, and everything goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.audit.receipts import check_receipt
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.chain import anchors
from ledger.errors import LogDivergedError, UnavailableError
from ledger.log.never_fork import require_same_key
from ledger.log.opening import open_log
from ledger.log.rotating import rotate_key
from ledger.log.writer import Writer
from ledger.tree.keys import LogSigner
from tests.integration.worker.conftest import ORIGIN, World
from tests.integration.worker.test_successors import audited, close, open_successor, size_of


async def anchored(world: World) -> None:
    """All that the log holds now is anchored."""
    size = (await world.reader.head()).size

    async def done() -> bool:
        return size_of(world, world.deployment.log_id) >= size

    await world.until(done)


async def test_a_log_goes_on_with_another_key(sqlite_world: World, tmp_path: Path) -> None:
    world = sqlite_world
    await world.open_campaign()
    await world.accept("ann")
    await anchored(world)
    first, second = world.config.log_signer(), LogSigner.generate(ORIGIN)
    entry = (await rotate_key(world.database, "main", first, second)).index
    with pytest.raises(UnavailableError, match="another one"):
        await world.accept("bob")
    await anchored(world)  # it takes no log key

    (tmp_path / "second.pem").write_bytes(second.to_pem())
    world.config = world.config.model_copy(update={"log_key_file": tmp_path / "second.pem"})
    await open_log(world.database, "main", ORIGIN, second, 0)
    async with Writer(world.database, "main", second) as writer:
        writer.allow_writes()
        world.writer = writer
        await world.accept("bob")
        await anchored(world)
        report = await audited(world, tmp_path / "published")
        assert report.verdict == "pass"
        assert {check.name: check.verdict for check in report.checks}["anchors"] == "pass"
        for trusted in (first, second):
            source = FolderSource(tmp_path / "published")
            assert audit(source, node=world.node, trusted_key=trusted.verifier_key).verdict == "pass"
        keys = await world.reader.log_keys()
        for index in (entry - 1, entry + 1):
            said = check_receipt(await world.reader.receipt(index), keys=keys, node=world.node)
            assert (said.verdict, said.state is None) == ("pass", False)
        alone = check_receipt(await world.reader.receipt(entry + 1), node=world.node)
        assert (alone.verdict, alone.steps[-1].name) == ("fail", "log_id")


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_log_that_continues_a_rotated_one(sqlite_world: World, tmp_path: Path, number: int) -> None:
    """It may be opened under any key that the log had, and under no other."""
    world = sqlite_world
    await world.open_campaign()
    signers = [world.config.log_signer(), LogSigner.generate(ORIGIN), LogSigner.generate(ORIGIN)]
    await rotate_key(world.database, "main", *signers[:2])
    await anchored(world)
    successor = open_successor(world, vkey=signers[number].verifier_key.vkey)
    close(world, successor)
    world.operator = "heir"
    worker = world.worker()
    try:
        for _ in range(3):
            await world.step(worker)
            world.node.request("evm_mine")
    finally:
        await worker.close()
    size = (await world.reader.head()).size
    assert size_of(world, successor) == (0 if number == 2 else size)
    opened = anchors.log_opened(world.node, world.deployment.contribution_log, successor)
    if number == 2:
        with pytest.raises(LogDivergedError, match="opened on the chain with the key"):
            await require_same_key(world.reader, opened)
        return
    await require_same_key(world.reader, opened)
    (tmp_path / "second.pem").write_bytes(signers[1].to_pem())
    world.config = world.config.model_copy(update={"log_key_file": tmp_path / "second.pem"})
    report = await audited(world, tmp_path / "published")
    assert (report.verdict, [each for each in report.findings if each.severity == "warning"]) == ("pass", [])
