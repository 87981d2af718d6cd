"""Claims: whoever makes them, they show while they stand; those that we relay cost us only so much."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.devchain import DevChain
from ledger.db import tables
from ledger.worker import Worker
from tests.integration.worker.conftest import AMOUNT, World, new_id, now_ms

PEOPLE = ("ann", "bob", "cy", "dan", "eve")


async def settled(world: World, worker: Worker) -> None:
    """Everybody has earned the same and can claim it."""
    await world.open_campaign()
    world.fund(1_000)
    for person in PEOPLE:
        await world.accept(person)
        await world.link(person)
    await asyncio.sleep(1.1)  # the appeal window
    await world.ask("settle")

    async def activated() -> bool:
        return "activated" in await world.rows(tables.settlements, "state")

    await world.until(activated, worker)


async def sums(world: World) -> dict[str, str]:
    return dict(await world.rows(tables.claims, "account", "cumulative"))


async def purposes(world: World) -> list[str]:
    return [each for each in await world.rows(tables.transactions, "intent") if each.startswith("claim")]


@pytest.mark.long
async def test_a_claim_made_with_another_tool_shows_at_once_and_goes_with_its_block(
    own_chain_world: tuple[DevChain, World],
) -> None:
    chain, world = own_chain_world
    worker = world.worker(finality_depth=15)  # the claims below stay above it
    await settled(world, worker)
    await world.step(worker)
    ann, bob = world.wallets["ann"], world.wallets["bob"]
    tree = RewardTree([(world.wallets[person], AMOUNT) for person in PEOPLE])
    claim = world.send("guardian", world.deployment.pool, contracts.claim_call(ann, AMOUNT, tree.proof(ann)))
    await world.step(worker)
    assert await sums(world) == {ann: str(AMOUNT)}
    chain.rpc("anvil_reorg", world.node.block().number - claim.block + 1, [])
    world.send("guardian", world.deployment.pool, contracts.claim_call(bob, AMOUNT, tree.proof(bob)))
    await world.step(worker)
    assert await sums(world) == {bob: str(AMOUNT)}
    assert await worker.context.rows.loose_claims() == [bob]
    chain.rpc("anvil_mine", "0x10")
    await world.step(worker)
    assert await sums(world) == {bob: str(AMOUNT)}
    assert await worker.context.rows.loose_claims() == []
    await worker.close()


@pytest.mark.long
async def test_batches_in_tree_order_up_to_a_size_and_a_number_a_day(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker(relay_batch=2, relay_claims_per_day=3)
    await settled(world, worker)
    often, seldom = world.wallets["ann"], world.wallets["bob"]
    await _was_relayed(world, often, 3)
    await _was_relayed(world, seldom, 2)
    await world.ask_claim(*world.wallets.values(), seldom)  # one asks twice
    await world.until(lambda: world.all_done(tables.claim_requests), worker)
    assert await purposes(world) == ["claim:2", "claim:2"]
    assert [world.balance(person) for person in PEOPLE] == [0, AMOUNT, AMOUNT, AMOUNT, AMOUNT]
    found = await world.rows(tables.claim_requests, "account", "state", "detail")
    (words,) = [detail for account, state, detail in found if account == often and state == "failed"]
    assert "relayed 3 times in a day" in words
    assert [state for account, state, _ in found if account == seldom] == ["paid"] * 4
    await worker.close()


async def _was_relayed(world: World, account: str, times: int) -> None:
    row = {"log": "main", "chain_id": 31337, "pool": world.deployment.pool, "state": "paid", "at_ms": now_ms()}
    async with world.database.begin() as connection:
        for number in range(times):
            earlier = {"id": new_id(), "account": account, "transaction": "0x" + f"{number:064x}"}
            await connection.execute(insert(tables.claim_requests).values(row | earlier))


@pytest.mark.long
async def test_a_batch_that_is_mined_late_is_answered_from_its_receipt(
    own_chain_world: tuple[DevChain, World],
) -> None:
    chain, world = own_chain_world
    worker = world.worker()
    await settled(world, worker)
    worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
    ann = world.wallets["ann"]

    async def states() -> list[Any]:
        return await world.rows(tables.claim_requests, "state", "transaction")

    async def paying() -> bool:
        await asyncio.sleep(0)
        return (await states())[0][0] == "sent"

    chain.rpc("evm_setAutomine", False)
    chain.rpc("evm_setIntervalMining", 0)
    await world.ask_claim(ann)
    for _ in range(3):  # anchors of what was settled may be under way first
        chain.rpc("evm_mine")
        await world.step(worker)
        if await paying():
            break
    assert await states() == [("sent", None)]
    await worker.close()
    another = world.worker()  # it knows of it by the rows alone
    chain.rpc("evm_mine")
    await world.step(another)
    (transaction,) = await world.rows(tables.claims, "transaction")
    assert await states() == [("paid", transaction)]
    assert len(await purposes(world)) == 1
    # A reorganisation undoes it: it is not paid any more, until it is mined again.
    receipt = world.node.receipt(transaction)
    assert receipt is not None
    chain.rpc("anvil_reorg", world.node.block().number - receipt.block + 1, [])
    another.context.pace = replace(another.context.pace, mining_wait=0.05)
    await world.step(another)
    assert (await states(), await sums(world)) == ([("sent", None)], {})
    chain.rpc("evm_mine")
    await world.step(another)
    assert (await states(), await sums(world)) == ([("paid", transaction)], {ann: str(AMOUNT)})
    await another.close()


async def test_the_worker_tells_how_it_is(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker(anchor_interval_seconds=3_600.0, anchor_soft_fee_wei=1)
    await world.step(worker)
    (text,) = await world.rows(tables.worker_reports, "report")
    report = json.loads(text)
    assert (report["size"], report["anchored"], report["alarms"], report["failure"]) == (1, 0, [], "")
    assert (report["plan"]["reason"], report["plan"]["ceiling"]) == ("expensive", 1)
    assert report["plan"]["fee"] > 1
    assert [each["role"] for each in report["accounts"]] == ["operator", "reporter", "relayer"]
    assert all(each["balance"] > 10**18 and not each["low"] for each in report["accounts"])
    assert [each["aside"] for each in report["nodes"]] == [""]
    # Past the promise the soft ceiling no longer counts.
    worker.context.pace = replace(worker.context.pace, anchor_max_age=0.0)
    await world.step(worker)
    await world.step(worker)
    (text,) = await world.rows(tables.worker_reports, "report")
    report = json.loads(text)
    assert (report["anchored"], report["plan"]["reason"]) == (1, "nothing")
    await worker.close()
