"""A chain that is reorganised under a settlement and under its payment: what is undone is done again, once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import anchors, contracts
from ledger.chain.devchain import DevChain
from ledger.db import tables
from ledger.log.checking import check_database
from ledger.statements.settlements import RewardsSettled, SettlementActivated
from ledger.worker import Worker
from tests.integration.worker.conftest import AMOUNT, World, make_world
from tests.integration.worker.test_claims import sums

FINALITY_BLOCKS = 40
MINING = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", str(FINALITY_BLOCKS // 2))

Stage = tuple[DevChain, World, Worker]


@pytest.fixture
async def stage(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A chain whose blocks are permanent late, a world on it, and a worker that has anchored and indexed all of it."""
    with DevChain(mining=MINING) as chain:
        async with make_world(chain, sqlite_database_url, tmp_path) as world:
            await world.open_campaign()
            world.fund(100)
            await world.accept("ann")
            await world.link("ann")
            worker = world.worker()
            _make_permanent(chain)
            await world.step(worker)
            await asyncio.sleep(1.1)  # the appeal window
            yield chain, world, worker
            await worker.close()


def _make_permanent(chain: DevChain) -> None:
    chain.rpc("anvil_mine", hex(FINALITY_BLOCKS + 2))


def _undo(chain: DevChain, world: World, transaction: str) -> None:
    """The block of a transaction goes with all that follow it, and its transactions with it."""
    receipt = world.node.receipt(transaction)
    assert receipt is not None
    chain.rpc("anvil_reorg", world.node.block().number - receipt.block + 1, [])
    assert world.node.receipt(transaction) is None


async def _transaction(world: World, column: str) -> str | None:
    found: list[Any] = await world.rows(tables.settlements, column)
    return found[0] if found else None


async def _waits(world: World) -> bool:
    return contracts.read_pending(world.node, world.deployment.pool).number == 1


async def _is_active(world: World) -> bool:
    return contracts.read_last_activated(world.node, world.deployment.pool)[0] == 1


async def _all_agrees(stage: Stage) -> None:
    """Once all is permanent: one settlement, stated once; each nonce ended in one transaction of the chain."""
    chain, world, worker = stage

    async def over() -> bool:
        _make_permanent(chain)
        await world.step(worker)
        return not set(await world.rows(tables.transactions, "state")) - {"final", "replaced"}

    await world.until(over, worker)
    await world.step(worker)
    events = anchors.settlement_events(world.node, world.deployment.pool, 0, world.node.block().number)
    assert [(event.kind, event.number) for event in events] == [("proposed", 1), ("activated", 1)]
    assert [len(await world.statements(kind)) for kind in (RewardsSettled, SettlementActivated)] == [1, 1]
    (row,) = await world.rows(tables.settlements, "state", "proposed_tx", "ended_tx")
    assert row == ("activated", events[0].place.transaction, events[1].place.transaction)
    finals = Counter(
        nonce for nonce, sender, state in await world.rows(tables.transactions, "nonce", "sender", "state")
        if state == "final" and sender == world.signers["relayer"].address
    )  # fmt: skip
    assert set(finals.values()) <= {1}
    assert worker.context.book.findings == []
    report = await check_database(world.database, "main")
    assert (report.verdict, report.findings) == ("pass", [])


async def _proposed(stage: Stage) -> str:
    chain, world, worker = stage
    await world.ask("settle")

    async def proposed() -> bool:
        if not await world.rows(tables.settlements, "number"):
            _make_permanent(chain)  # what is settled covers what was permanent when it was asked
        return await _waits(world)

    await world.until(proposed, worker)
    transaction = await _transaction(world, "proposed_tx")
    assert transaction is not None
    return transaction


@pytest.mark.long
async def test_a_proposal_that_is_undone_is_made_again(stage: Stage) -> None:
    chain, world, worker = stage
    transaction = await _proposed(stage)
    _undo(chain, world, transaction)
    assert not await _waits(world)
    await world.until(lambda: _waits(world), worker)
    await world.until(lambda: _is_active(world), worker)
    await _all_agrees(stage)


@pytest.mark.long
async def test_an_activation_that_is_undone_is_made_again(stage: Stage) -> None:
    chain, world, worker = stage
    await _proposed(stage)
    await world.until(lambda: _is_active(world), worker)
    transaction = await _transaction(world, "ended_tx")
    assert transaction is not None
    assert await world.rows(tables.settlements, "state") == ["activated"]
    _undo(chain, world, transaction)
    assert not await _is_active(world)
    await world.until(lambda: _is_active(world), worker)
    await _all_agrees(stage)


async def test_proposal_and_activation_are_undone_together(stage: Stage) -> None:
    chain, world, worker = stage
    transaction = await _proposed(stage)
    await world.until(lambda: _is_active(world), worker)
    _undo(chain, world, transaction)
    assert not await _is_active(world)
    await world.until(lambda: _is_active(world), worker)
    await _all_agrees(stage)


async def test_payments_that_are_undone_are_made_again_once(stage: Stage) -> None:
    """The requests and the sums go down with the block and up again with the next one."""
    chain, world, worker = stage
    await _proposed(stage)
    await world.until(lambda: _is_active(world), worker)
    ann = world.wallets["ann"]
    await world.ask_claim(ann)
    await world.until(lambda: world.all_done(tables.claim_requests), worker)
    await world.step(worker)
    assert (await sums(world), world.balance("ann")) == ({ann: str(AMOUNT)}, AMOUNT)
    (transaction,) = await world.rows(tables.claims, "transaction")
    assert "claim.paid" not in await world.rows(tables.events, "type"), "it is not permanent"
    _undo(chain, world, transaction)
    assert world.balance("ann") == 0

    async def paid_again() -> bool:
        return world.balance("ann") == AMOUNT and await world.all_done(tables.claim_requests)

    await world.until(paid_again, worker)
    await _all_agrees(stage)
    ((state, named),) = await world.rows(tables.claim_requests, "state", "transaction")
    receipt = world.node.receipt(named)
    assert state == "paid"
    assert receipt is not None
    assert receipt.succeeded
    assert await sums(world) == {ann: str(AMOUNT)}
    assert world.balance("ann") == AMOUNT
    claims = anchors.pool_events(world.node, world.deployment.pool, 0, world.node.block().number).claims
    assert [event.account for event in claims] == [ann]
    told = await world.rows(tables.events, "type", "data")
    assert [json.loads(data)["transaction"] for type_, data in told if type_ == "claim.paid"] == [named]
