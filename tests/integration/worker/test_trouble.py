"""What goes wrong: nodes, chains and contracts that are not ours, crashes between saving and sending, other leaders."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ledger.chain import anchors, contracts
from ledger.chain.contracts import Proposal
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.db import open_database, tables
from ledger.errors import (
    LogDivergedError,
    NodeError,
    TransactionError,
    UnavailableError,
    WrongChainError,
    WrongContractError,
)
from ledger.log.writer import Writer
from ledger.statements.log import ClockTick
from ledger.statements.settlements import RewardsSettled, SettlementVetoed
from ledger.worker.real.chain import NodesChain
from tests.integration.worker.conftest import AMOUNT, World, make_world
from tests.services.databases import copy_sqlite


async def _anchored(world: World) -> int:
    return anchors.read_head(world.node, world.deployment).size


async def _report(world: World) -> Any:
    (text,) = await world.rows(tables.worker_reports, "report")
    return json.loads(text)


async def test_a_node_that_is_down_is_an_error_and_everything_goes_on_when_it_is_back(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    chain = DevChain(state=state).start()
    async with make_world(chain, sqlite_database_url, tmp_path) as world:
        worker = world.worker()
        await world.step(worker)
        before = await _anchored(world)
        assert before > 0
        await world.open_campaign()
        chain.stop()
        with pytest.raises(NodeError, match="does not answer"):
            await worker.step()
        with pytest.raises(NodeError):
            await worker.step()
        report = await _report(world)
        assert report["alarms"] == ["no-node"]
        assert report["failure"]
        assert report["size"] > report["anchored"] == before
        await world.writer.write_many([])  # an outage of the chain stops no write
        again = DevChain(port=chain.port, state=state)
        with again:
            again.rpc("anvil_mine", "0x4")  # anvil forgets the states before the one it kept
            await world.step(worker)
            assert await _anchored(world) == (await world.reader.head()).size > before
        await worker.close()


async def test_another_node_answers_for_one_that_is_down(sqlite_world: World) -> None:
    worker = sqlite_world.worker(rpc_urls=("http://127.0.0.1:1", *sqlite_world.config.rpc_urls))
    await sqlite_world.step(worker)
    assert await _anchored(sqlite_world) == 1
    await worker.close()


async def test_other_chains_and_contracts_are_refused_and_writes_wait(
    sqlite_world: World, sqlite_database_url: str
) -> None:
    world = sqlite_world
    wrong = [
        (WrongChainError, replace(world.deployment, chain_id=5)),
        (WrongContractError, replace(world.deployment, contribution_log=world.deployment.token)),
        (WrongContractError, replace(world.deployment, pool="0x" + "01" * 20)),
        (WrongContractError, replace(world.deployment, log_id="0x" + "01" * 32)),
        (WrongContractError, replace(world.deployment, settlement_delay=9)),
    ]
    key = world.config.log_signer()
    for error, deployment in wrong:
        async with open_database(sqlite_database_url) as database, Writer(database, "main", key) as writer:
            stranger = World(world.node, deployment, database, writer, world.config)
            worker = stranger.worker()
            with pytest.raises(error):
                await worker.step()
            assert not writer.writes_allowed
            await worker.close()
    assert await _anchored(world) == 0


async def _diverged(world: World, database_url: str) -> str:
    key = world.config.log_signer()
    async with open_database(database_url) as database, Writer(database, "main", key) as writer:
        other = World(world.node, world.deployment, database, writer, world.config)
        worker = other.worker()
        with pytest.raises(LogDivergedError) as caught:
            await worker.step()
        assert not writer.writes_allowed
        with pytest.raises(LogDivergedError):
            await worker.run(asyncio.Event())
        await worker.close()
        return str(caught.value)


async def test_an_older_or_another_database_is_never_anchored(sqlite_world: World, tmp_path: Path) -> None:
    world = sqlite_world
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    copy = tmp_path / "older.sqlite"
    copy_sqlite(tmp_path / "crowdledger.sqlite", copy)
    await world.open_campaign()
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    older = f"sqlite+aiosqlite:///{copy}"
    assert "restore the database" in await _diverged(world, older)
    # Now as long as the anchored one, with other entries in it.
    async with open_database(older) as database, Writer(database, "main", world.config.log_signer()) as writer:
        writer.allow_writes()
        other = World(world.node, world.deployment, database, writer, world.config)
        await other.open_campaign()
    assert "another root" in await _diverged(world, older)
    assert await _anchored(world) == (await world.reader.head()).size


async def test_one_worker_leads(sqlite_world: World) -> None:
    first, second = sqlite_world.worker(), sqlite_world.worker()
    assert await first.step()
    assert not await second.step()
    async with sqlite_world.database.begin() as connection:  # the first one sleeps through the end of its lease
        await connection.execute(update(tables.leases).values(expires_at=0))
    assert await second.step()
    assert not await first.step()
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await first.context.rows.move_cursor(1, None, None)
    assert await sqlite_world.rows(tables.leases, "token") == [2]
    await second.close()
    assert await first.step()
    assert await sqlite_world.rows(tables.leases, "token") == [3]


async def test_a_transaction_that_was_saved_and_not_sent_is_sent(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(*_: object) -> None:
        raise NodeError("cut")

    crashed = sqlite_world.worker()
    with monkeypatch.context() as patched:
        patched.setattr(NodesChain, "broadcast", cut)
        with pytest.raises(NodeError):
            await crashed.step()
    await crashed.close()
    assert await sqlite_world.rows(tables.transactions, "intent", "state") == [("anchor:1", "sent")]
    assert await _anchored(sqlite_world) == 0

    async def anchored() -> bool:
        return await _anchored(sqlite_world) == 1

    await sqlite_world.until(anchored)
    assert [each[0] for each in await sqlite_world.rows(tables.transactions, "intent", "state")] == ["anchor:1"]


async def test_a_transaction_that_was_sent_is_not_sent_again(own_chain_world: tuple[DevChain, World]) -> None:
    """The crash comes after sending; the transaction waits in the pool, unmined, while others look."""
    chain, world = own_chain_world
    chain.rpc("evm_setAutomine", False)
    chain.rpc("evm_setIntervalMining", 0)
    for _ in range(3):
        worker = world.worker()
        worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
        await world.step(worker)
        await worker.close()
    assert len(await world.rows(tables.transactions, "hash")) == 1
    chain.rpc("evm_mine")
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    assert await world.rows(tables.transactions, "intent", "state") == [("anchor:1", "mined")]
    assert await _anchored(world) == 1


async def test_what_a_reorganisation_undoes_is_done_again(own_chain_world: tuple[DevChain, World]) -> None:
    chain, world = own_chain_world
    worker = world.worker()
    await world.step(worker)
    deployment = world.deployment
    (event,) = anchors.anchor_events(world.node, deployment.contribution_log, deployment.log_id, 0)
    assert await world.rows(tables.anchors, "size", "tx") == [(1, event.place.transaction)]
    chain.rpc("anvil_reorg", world.node.block().number - event.place.block + 1, [])
    assert await _anchored(world) == 0

    async def anchored() -> bool:
        return await _anchored(world) == 1 and await world.rows(tables.anchors, "size") == [1]

    await world.until(anchored, worker)
    await world.step(worker)
    await worker.close()
    (transaction,) = await world.rows(tables.anchors, "tx")
    receipt = world.node.receipt(transaction)
    assert receipt is not None
    assert receipt.succeeded


async def test_a_running_worker_says_a_problem_once_and_goes_on(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    worker, stop, problems = sqlite_world.worker(), asyncio.Event(), 3
    chain_id = Node.chain_id

    def sometimes(node: Node) -> int:
        nonlocal problems
        problems -= 1
        if problems >= 0:
            raise NodeError("The node is out for lunch.")
        return chain_id(node)

    monkeypatch.setattr(Node, "chain_id", sometimes)
    running = asyncio.create_task(worker.run(stop))
    while await _anchored(sqlite_world) == 0:
        assert not running.done()
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    stop.set()
    await running
    await worker.close()
    assert caplog.text.count("out for lunch") == 1
    assert caplog.text.count("It works again.") == 1


async def test_the_time_is_written_down_when_a_deadline_has_passed(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker()
    await world.open_campaign()
    await world.accept("ann")
    await world.step(worker)
    assert await world.statements(ClockTick) == []
    await asyncio.sleep(1.1)
    await world.step(worker)
    await world.step(worker)
    assert len(await world.statements(ClockTick)) == 1
    assert worker.context.book.earned(world.people["ann"]) == {world.campaign: AMOUNT}
    await worker.close()


async def _ready_to_settle(world: World) -> None:
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann")
    await world.link("ann")
    await asyncio.sleep(1.1)


async def test_a_proposal_that_the_log_does_not_know_stops_settling(
    sqlite_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = sqlite_world
    await _ready_to_settle(world)
    worker = world.worker(settle_automatically=True)
    world.send("operator", world.deployment.contribution_log, await _first_anchor(world))
    theft = Proposal(1, 0, "0x" + "aa" * 32, 1, (world.onchain_id,), (100,), (False,))
    world.send("reporter", world.deployment.pool, contracts.propose_call(theft))
    for _ in range(3):
        await world.step(worker)
    assert await world.statements(RewardsSettled) == []
    assert caplog.text.count("which the log does not know") == 1
    assert (await _report(world))["alarms"] == ["wrong-settlement"]
    # The guardian stops it; whoever wants a settlement after a veto asks for one.
    world.send("guardian", world.deployment.pool, contracts.veto_call(1, "not ours"))

    async def vetoed() -> bool:
        return len(await world.statements(SettlementVetoed)) == 1

    await world.until(vetoed, worker)
    await world.ask("settle")
    await world.until(lambda: world.all_done(tables.requests), worker)
    assert [each.number for each in await world.statements(RewardsSettled)] == [2]
    assert (await _report(world))["alarms"] == []
    await worker.close()


async def test_a_settlement_that_the_contract_refuses_for_good_is_said_and_not_tried_on_and_on(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    await _ready_to_settle(world)
    worker, real = world.worker(), contracts.propose_call
    monkeypatch.setattr(contracts, "propose_call", lambda said: real(replace(said, totals=(10**20,))))
    await world.ask("settle")
    with pytest.raises(TransactionError, match="WrongTotal"):
        await world.until(lambda: world.all_done(tables.requests), worker)
    assert "The contract refuses settlement 1: WrongTotal" in (await world.rows(tables.requests, "detail"))[0]
    await world.step(worker)
    assert (await _report(world))["alarms"] == ["settlement-refused"]
    await worker.close()


async def _first_anchor(world: World) -> bytes:
    root = await world.reader.root_at(1)
    return contracts.anchor_call(world.deployment.log_id, 1, root, [])


async def test_a_vetoed_settlement_is_not_made_again_unasked(sqlite_world: World) -> None:
    world = sqlite_world
    await _ready_to_settle(world)
    worker = world.worker(settle_automatically=True, settle_interval_seconds=0.0)

    async def proposed() -> bool:
        return contracts.read_pending(world.node, world.deployment.pool).number == 1

    await world.until(proposed, worker)
    world.send("guardian", world.deployment.pool, contracts.veto_call(1, "let me look"))

    async def vetoed() -> bool:
        return await world.rows(tables.settlements, "state") == ["vetoed"]

    await world.until(vetoed, worker)
    for _ in range(3):
        await world.step(worker)
    assert [each.number for each in await world.statements(RewardsSettled)] == [1]
    await worker.close()


async def test_nothing_new_is_said_to_who_asked(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker()
    await world.ask("settle")
    await world.ask("anchor")
    await world.until(lambda: world.all_done(tables.requests), worker)
    details = sorted(await world.rows(tables.requests, "detail"))
    assert details == ["Anchored at 1.", "No campaign is paid by this pool yet."]
    await world.open_campaign()
    await world.ask("settle")
    await world.until(lambda: world.all_done(tables.requests), worker)
    assert "There is nothing new to settle." in await world.rows(tables.requests, "detail")
    await worker.close()


async def test_an_operator_without_coins_keeps_nobody_else_from_working(chain: DevChain, sqlite_world: World) -> None:
    world = sqlite_world
    await _ready_to_settle(world)
    worker = world.worker()
    chain.rpc("anvil_setBalance", world.signers["operator"].address, "0x0")
    with pytest.raises(TransactionError, match="has 0 wei"):
        await worker.step()
    assert (await _report(world))["alarms"] == ["low-balance"]
    chain.rpc("anvil_setBalance", world.signers["operator"].address, hex(10**18))
    await world.step(worker)
    assert await _anchored(world) == (await world.reader.head()).size
    await worker.close()


async def test_claims_of_strangers_and_of_what_is_paid(sqlite_world: World) -> None:
    world = sqlite_world
    await _ready_to_settle(world)
    worker = world.worker()
    await world.ask("settle")

    async def activated() -> bool:
        return "activated" in await world.rows(tables.settlements, "state")

    await world.until(activated, worker)
    stranger = "0x" + "77" * 20
    await world.ask_claim(world.wallets["ann"], stranger)
    await world.until(lambda: world.all_done(tables.claim_requests), worker)
    states: Any = dict(await world.rows(tables.claim_requests, "account", "state"))
    assert states == {world.wallets["ann"]: "paid", stranger: "failed"}
    await world.ask_claim(world.wallets["ann"])  # paid up: said once that is permanent
    await world.until(lambda: world.all_done(tables.claim_requests), worker)
    assert sum(each.startswith("claim") for each in await world.rows(tables.transactions, "intent")) == 1
    assert await world.rows(tables.claims, "account", "cumulative") == [(world.wallets["ann"], str(AMOUNT))]
    assert world.balance("ann") == AMOUNT
    await worker.close()
