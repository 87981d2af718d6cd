"""Nodes that lie, lag or are killed, and a chain that mines rarely and dearly, before the whole worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import anchors
from ledger.chain.devchain import DevChain
from ledger.db import tables
from ledger.errors import NodeError
from ledger.statements.settlements import RewardsSettled
from ledger.worker import Worker
from tests.integration.worker.conftest import AMOUNT, World, make_world
from tests.integration.worker.node_proxy import NodeProxy
from tests.integration.worker.test_claims import PEOPLE, settled

_LAG_SECONDS = 600


async def _report(world: World) -> Any:
    (text,) = await world.rows(tables.worker_reports, "report")
    return json.loads(text)


async def _anchored(world: World) -> bool:
    return anchors.read_head(world.node, world.deployment).size == (await world.reader.head()).size


async def test_a_node_of_another_chain_and_one_that_lags_are_put_aside(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    past = ("--timestamp", str(int(time.time()) - _LAG_SECONDS))
    with DevChain(arguments=past) as chain:
        async with make_world(chain, sqlite_database_url, tmp_path) as world:
            with NodeProxy(chain.url, chain_id=1) as liar, NodeProxy(chain.url) as slow:
                slow.freeze()
                chain.rpc("evm_increaseTime", _LAG_SECONDS)
                chain.rpc("evm_mine")
                worker = world.worker(rpc_urls=(liar.url, slow.url, chain.url))
                await world.step(worker)
                assert await _anchored(world)
                report = await _report(world)
                assert report["alarms"] == ["node-aside"]
                asides = [each["aside"] for each in report["nodes"]]
                assert "serves chain 1, expected is chain 31337" in asides[0]
                assert "behind another" in asides[1]
                assert asides[2] == ""
                assert "eth_call" not in liar.heard
                await worker.close()


async def test_what_a_lagging_node_shows_first_is_not_made_twice(sqlite_world: World) -> None:
    """It lags less than would put it aside: for the worker nothing of what it sent is mined."""
    world = sqlite_world
    (url,) = world.config.rpc_urls
    with NodeProxy(url) as slow:
        worker = world.worker(rpc_urls=(slow.url,))
        worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
        await worker.context.chain.connect()
        slow.freeze()
        for _ in range(3):
            await world.step(worker)
        assert await world.rows(tables.transactions, "intent", "state") == [("anchor:1", "sent")]
        assert anchors.read_head(world.node, world.deployment).size == 1
        await worker.close()
    other = world.worker()
    await world.step(other)
    assert [each[0] for each in await world.rows(tables.transactions, "intent", "nonce")] == ["anchor:1"]
    assert await world.rows(tables.anchors, "size") == [1]
    await other.close()


async def test_a_node_that_is_killed_comes_back_as_it_was_and_all_goes_on(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    with DevChain(state=state) as chain:
        async with make_world(chain, sqlite_database_url, tmp_path) as world:
            worker = world.worker()
            await world.step(worker)
            await asyncio.sleep(1.2)  # anvil writes its state once a second
            assert chain.pid is not None
            os.kill(chain.pid, signal.SIGKILL)
            for _ in range(2):
                try:
                    await worker.step()
                except NodeError:
                    continue
                raise AssertionError("the node is dead")
            chain.stop()
            chain.start()
            chain.rpc("anvil_mine", "0x4")  # it forgets the states before the one it kept
            await world.open_campaign()
            await world.until(lambda: _anchored(world), worker)
            await world.until(lambda: _all_final(world), worker)
            await worker.close()


async def _all_final(world: World) -> bool:
    return set(await world.rows(tables.transactions, "state")) == {"final"}


# ---- mining ----


@asynccontextmanager
async def _stuck(chain: DevChain, world: World) -> AsyncIterator[tuple[Worker, dict[str, int]]]:
    """The next block costs so much that the anchor which was sent before it became dear is not mined in it."""
    worker = world.worker(replace_after_seconds=0.2)
    worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
    chain.rpc("evm_setAutomine", False)
    chain.rpc("evm_setIntervalMining", 0)
    await world.step(worker)
    (fees,) = await world.rows(tables.transactions, "max_fee")
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * int(fees)))
    chain.rpc("evm_mine")
    yield worker, {"first": int(fees)}
    await worker.close()


async def test_a_transaction_that_became_too_cheap_is_replaced_and_one_attempt_is_mined(
    own_chain_world: tuple[DevChain, World],
) -> None:
    chain, world = own_chain_world
    async with _stuck(chain, world) as (worker, fees):
        assert anchors.read_head(world.node, world.deployment).size == 0
        await asyncio.sleep(0.25)
        await world.step(worker)
        found = await world.rows(tables.transactions, "intent", "nonce", "state", "max_fee")
        assert {(intent, state) for intent, _, state, _ in found} == {("anchor:1", "sent")}
        assert len({nonce for _, nonce, _, _ in found}) == 1
        assert len(found) == 2
        highest = max(int(fee) for *_, fee in found)
        assert highest >= 20 * fees["first"] * 7 // 8  # what the market asks, not a little more than before
        assert (await _report(world))["replaced"] == 1
        chain.rpc("evm_mine")
        await world.step(worker)
        assert anchors.read_head(world.node, world.deployment).size == 1
        chain.rpc("anvil_mine", "0x4")
        await world.step(worker)
        found = await world.rows(tables.transactions, "hash", "state", "max_fee")
        assert sorted(state for _, state, _ in found) == ["final", "replaced"]
        (final,) = [hash_ for hash_, state, _ in found if state == "final"]
        receipts = [hash_ for hash_, *_ in found if world.node.receipt(hash_) is not None]
        assert receipts == [final]
        assert await world.rows(tables.anchors, "tx") == [final]
        assert len(await world.rows(tables.costs, "transaction")) == 1


@pytest.mark.long
async def test_on_a_chain_that_mines_once_a_second(own_chain_world: tuple[DevChain, World]) -> None:
    """Nothing is mined because it was sent: anchors and payments take several steps."""
    chain, world = own_chain_world
    worker = world.worker()
    await settled(world, worker)
    chain.rpc("evm_setIntervalMining", 1)
    worker.context.pace = replace(worker.context.pace, mining_wait=0.2)
    await world.ask_claim(*world.wallets.values())
    for _ in range(60):
        await world.step(worker)
        if await world.all_done(tables.claim_requests):
            break
        await asyncio.sleep(0.1)
    assert [world.balance(person) for person in PEOPLE] == [AMOUNT] * len(PEOPLE)
    assert len(await world.statements(RewardsSettled)) == 1
    assert sum(each == "claim:5" for each in await world.rows(tables.transactions, "intent")) == 1
    await worker.close()
