"""A log that goes on under another id: closed in favour of a successor, or without the operator, whose key was lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.audit.receipts import check_receipt
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.chain import anchors, contracts, successors
from ledger.chain.devchain import DevChain
from ledger.chain.immutables import role_delay
from ledger.chain.nodes import Nodes
from ledger.db import tables
from ledger.errors import LogDivergedError
from ledger.statements import onchain
from ledger.statements.settlements import RewardsSettled, SettlementActivated
from ledger.tree import merkle
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from ledger.worker import Worker, anchoring
from ledger.worker.real.chain import NodesChain
from tests.integration.worker.conftest import AMOUNT, DELAY_SECONDS, ORIGIN, World
from tests.unit.audit import logs

ROLE_DELAY_SECONDS = role_delay(DELAY_SECONDS)


def open_successor(world: World, opener: str = "heir", *, origin: str = ORIGIN, vkey: str | None = None) -> str:
    """Somebody opens a log, by default of our name and key."""
    ours = world.config.log_signer().verifier_key.vkey
    world.send(opener, world.deployment.contribution_log, contracts.open_log_call(origin, vkey or ours))
    return onchain.log_id(world.signers[opener].address, origin)


def close(world: World, successor: str | None) -> None:
    deployment = world.deployment
    world.send("operator", deployment.contribution_log, contracts.close_log_call(deployment.log_id, successor))


def size_of(world: World, log_id: str) -> int:
    return contracts.read_head(world.node, world.deployment.contribution_log, log_id).size


async def audited(world: World, folder: Path) -> Report:
    """The audit of all that the log holds."""
    size = (await world.reader.head()).size
    place = world.deployment
    told: dict[str, object] = {"chain": {"chain_id": 31337, "contract": place.contribution_log, "log_id": place.log_id}}
    entries = await world.reader.statements(0, size)
    source = logs.publish(folder, entries, world.config.log_signer(), told)
    return audit(FolderSource(source), node=world.node, trusted_contract=place.contribution_log)


async def settled(world: World, worker: Worker, number: int) -> None:
    await asyncio.sleep(1.2)  # the appeal window
    await world.ask("settle")

    async def activated() -> bool:
        return (number, "activated") in await world.rows(tables.settlements, "number", "state")

    await world.until(activated, worker)


@pytest.mark.long
async def test_the_operator_moves_and_the_service_goes_on(
    sqlite_world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = sqlite_world
    place = world.deployment
    await world.open_campaign()
    world.fund(1_000)
    await world.accept("ann", 2)
    await world.link("ann")
    old = world.worker()
    await settled(world, old, 1)
    left = size_of(world, place.log_id)

    successor = open_successor(world)
    close(world, successor)
    for _ in range(2):  # the old key has nothing to anchor to any more, which is said once
        await world.accept("ann")
        await world.step(old)
    assert caplog.text.count(f"The operator of the log {successor} is {world.signers['heir'].address}") == 1
    assert size_of(world, successor) == 0
    await old.close()

    heir = world.worker(operator="heir")
    await settled(world, heir, 2)
    await world.ask_claim(world.wallets["ann"])
    await world.until(lambda: world.all_done(tables.claim_requests), heir)
    assert world.balance("ann") == 4 * AMOUNT
    assert contracts.read_current_log(world.node, place.pool) == successor
    assert size_of(world, place.log_id) == left < size_of(world, successor)

    async def covered() -> bool:
        stated = len(await world.statements(SettlementActivated))
        return stated == 2 and size_of(world, successor) == (await world.reader.head()).size

    await world.until(covered, heir)
    assert anchors.read_head(world.node, place).size == size_of(world, successor)
    await heir.close()
    report = await audited(world, tmp_path / "published")
    assert [(finding.severity, finding.detail) for finding in report.findings if finding.severity != "note"] == []
    assert report.verdict == "pass"
    await _receipts_name_the_log_that_holds_them(world, left, successor)


async def _receipts_name_the_log_that_holds_them(world: World, left: int, successor: str) -> None:
    for index, log_id in ((0, world.deployment.log_id), (left, successor)):
        data = await world.reader.receipt(index)
        anchor = Receipt.parse(data).anchor
        assert anchor is not None
        assert anchor.log_id == log_id
        checked = check_receipt(data, node=world.node)
        assert checked.verdict == "pass", checked.members()
        assert checked.state in ("anchored", "permanent")
    sizes = [size for _, size in sorted(await world.rows(tables.anchors, "block", "size"))]
    assert sizes == sorted(set(sizes))


async def test_an_operator_that_was_lost_is_replaced_by_the_admin(
    own_chain_world: tuple[DevChain, World], tmp_path: Path
) -> None:
    chain, world = own_chain_world
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    await world.open_campaign()
    successor = open_successor(world)
    world.send("operator", world.deployment.pool, contracts.propose_successor_call(successor))
    heir = world.worker(operator="heir")
    for _ in range(2):
        await world.step(heir)
    # It is anchored at once, so that receipts go on; the pool follows when everybody had time to look.
    assert size_of(world, successor) == (await world.reader.head()).size
    assert contracts.read_current_log(world.node, world.deployment.pool) == world.deployment.log_id
    chain.rpc("evm_increaseTime", ROLE_DELAY_SECONDS)
    chain.rpc("evm_mine")
    await world.step(heir)
    assert contracts.read_current_log(world.node, world.deployment.pool) == successor
    assert contracts.read_proposed_successor(world.node, world.deployment.pool) is None
    await heir.close()
    assert (await audited(world, tmp_path / "published")).verdict == "pass"


async def test_a_successor_that_never_caught_up_is_passed_over(
    own_chain_world: tuple[DevChain, World], caplog: pytest.LogCaptureFixture
) -> None:
    chain, world = own_chain_world
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann")
    await world.link("ann")
    await asyncio.sleep(1.2)  # the appeal window
    contract, pool, home = world.deployment.contribution_log, world.deployment.pool, world.deployment.log_id
    stuck, last = open_successor(world, "platform"), open_successor(world)
    close(world, stuck)
    world.send("platform", contract, contracts.close_log_call(stuck, last))
    heir = world.worker(operator="heir")
    await world.ask("settle")
    chain.rpc("evm_increaseTime", 30)  # what is final is then later than what was asked
    chain.rpc("anvil_mine", "0x4")
    for _ in range(4):  # nothing is settled on entries that the pool's own log does not hold
        await world.step(heir)
        world.node.request("evm_mine")
    assert await world.statements(RewardsSettled) == []
    assert size_of(world, last) == (await world.reader.head()).size
    assert contracts.read_current_log(world.node, pool) == home
    assert caplog.text.count(f"The log {stuck} was closed before it held all that {home} holds") == 1
    world.send("operator", pool, contracts.propose_successor_call(last))
    chain.rpc("evm_increaseTime", ROLE_DELAY_SECONDS)
    chain.rpc("evm_mine")
    await world.step(heir)
    assert contracts.read_current_log(world.node, pool) == last
    assert [log.log_id for log in successors.read_line(world.node, world.deployment).logs] == [home, stuck, last]
    await world.until(lambda: world.all_done(tables.requests), heir)
    assert len(await world.statements(RewardsSettled)) == 1
    await heir.close()


async def test_a_long_log_is_anchored_anew_in_steps(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = sqlite_world
    await world.open_campaign()
    await world.accept("ann", 4)
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    successor = open_successor(world)
    close(world, successor)
    monkeypatch.setattr(anchoring, "MAX_GROWTH", 4)
    heir = world.worker(operator="heir", anchor_interval_seconds=3_600.0)  # what was anchored once does not wait
    left = size_of(world, world.deployment.log_id)
    assert left > 8
    while size_of(world, successor) < left:
        before = size_of(world, successor)
        assert contracts.read_current_log(world.node, world.deployment.pool) == world.deployment.log_id
        await world.step(heir)
        assert size_of(world, successor) == min(before + 4, (await world.reader.head()).size)
    rows = sorted(await world.rows(tables.anchors, "size", "log_id"))
    assert rows[0] == (left, world.deployment.log_id)
    assert all(size > left and log_id == successor for size, log_id in rows[1:])
    assert contracts.read_current_log(world.node, world.deployment.pool) == successor
    await heir.close()


async def test_a_log_closed_for_good_is_said_in_words(sqlite_world: World, caplog: pytest.LogCaptureFixture) -> None:
    world = sqlite_world
    worker = world.worker()
    await world.step(worker)
    close(world, None)
    await world.open_campaign()
    for _ in range(3):
        await world.step(worker)
    assert caplog.text.count("was closed without a successor") == 1
    assert size_of(world, world.deployment.log_id) == 1
    await worker.close()


@pytest.mark.parametrize("other", ["origin", "key"])
async def test_a_successor_of_another_name_or_key_is_not_ours(
    sqlite_world: World, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    world = sqlite_world
    if other == "origin":
        successor = open_successor(world, origin="example.org/other")
    else:
        successor = open_successor(world, vkey=LogSigner.generate(ORIGIN).verifier_key.vkey)
    close(world, successor)
    heir = world.worker(operator="heir")
    for _ in range(2):
        await world.step(heir)
    assert caplog.text.count("under another name or key") == 1
    assert size_of(world, successor) == 0
    await heir.close()


async def test_a_stolen_key_that_names_another_history(own_chain_world: tuple[DevChain, World], tmp_path: Path) -> None:
    """The contract refuses it, the audit finds it, and nothing is written until the admin proposes another log."""
    chain, world = own_chain_world
    worker = world.worker()
    await world.step(worker)
    successor = open_successor(world, "platform")
    other = [merkle.leaf_hash(b"another"), merkle.leaf_hash(b"history")]
    contract, pool = world.deployment.contribution_log, world.deployment.pool
    world.send("platform", contract, contracts.anchor_call(successor, 2, merkle.root(other), []))
    close(world, successor)
    proof = merkle.consistency_proof(1, 2, other)
    assert not contracts.extends(world.node, contract, world.deployment.log_id, successor, proof)
    with pytest.raises(Exception, match="NotExtension"):
        world.send("relayer", pool, contracts.follow_log_call(successor, proof))
    await world.open_campaign()
    with pytest.raises(LogDivergedError):
        await worker.step()
    await worker.close()
    report = await audited(world, tmp_path / "published")
    assert [check.name for check in report.checks if check.verdict == "fail"] == ["anchors"]
    assert f"The log {successor}, which should continue this one, holds another history" in report.findings[0].detail

    heir, rightful = world.worker(operator="heir"), open_successor(world)
    world.send("operator", pool, contracts.propose_successor_call(rightful))
    chain.rpc("evm_increaseTime", ROLE_DELAY_SECONDS)
    chain.rpc("evm_mine")
    await world.step(heir)
    await heir.close()
    assert contracts.read_current_log(world.node, pool) == rightful
    assert size_of(world, rightful) == (await world.reader.head()).size
    assert (await audited(world, tmp_path / "recovered")).verdict == "pass"


async def test_a_stolen_key_that_names_logs_without_end(
    own_chain_world: tuple[DevChain, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than anybody looks at: what the admin proposes instead is followed all the same."""
    chain, world = own_chain_world
    monkeypatch.setattr(successors, "MAX_LOGS", 3)
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    contract, pool, home = world.deployment.contribution_log, world.deployment.pool, world.deployment.log_id
    strangers = [open_successor(world, "platform", origin=f"example.org/{number}") for number in range(5)]
    close(world, strangers[0])
    for log_id, after in pairwise(strangers):
        world.send("platform", contract, contracts.close_log_call(log_id, after))
    assert [log.log_id for log in successors.read_line(world.node, world.deployment).logs] == [home, *strangers[:2]]
    rightful = open_successor(world)
    world.send("operator", pool, contracts.propose_successor_call(rightful))
    chain.rpc("evm_increaseTime", ROLE_DELAY_SECONDS)
    chain.rpc("evm_mine")
    heir = world.worker(operator="heir")
    for _ in range(2):
        await world.step(heir)
    await heir.close()
    line = successors.read_line(world.node, world.deployment)
    assert ([log.log_id for log in line.logs], line.current.log_id) == ([home, rightful], rightful)


async def test_a_successor_older_than_ours_is_said_and_nothing_stops(
    sqlite_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = sqlite_world
    older = open_successor(world)
    world.node.request("evm_mine")
    heir = world.worker(operator="heir")
    await world.step(heir)
    # As if our deployment was younger: the log that was opened before it is looked for from that block on.
    nodes = Nodes(world.config.rpc_urls, 31337, timeout=10.0, lag_seconds=120.0)
    heir.context.chain = NodesChain(nodes, replace(world.deployment, block=world.node.block().number))
    await heir.context.chain.connect()
    close(world, older)
    for _ in range(2):
        await world.step(heir)
    assert caplog.text.count("or before ours was") == 1
    assert size_of(world, older) == 0
    nodes.close()
    await heir.close()


async def test_a_pool_follows_its_successor_once(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    close(world, open_successor(world))
    heir = world.worker(operator="heir")
    for _ in range(4):
        await world.step(heir)
        world.node.request("evm_mine")
    purposes = [each.partition(":")[0] for each in await world.rows(tables.transactions, "intent")]
    assert sorted(purposes) == ["anchor", "anchor", "follow"]
    line = successors.read_line(world.node, world.deployment)
    assert [log.head.size for log in line.logs] == [1, 1]
    assert line.newest == line.current == line.logs[1]
    await heir.close()
