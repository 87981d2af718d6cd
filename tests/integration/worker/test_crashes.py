"""A worker that is killed between any two of its steps, and a chain that is not the one it was."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ledger.chain import anchors, contracts
from ledger.chain.contracts import Proposal
from ledger.chain.devchain import DevChain
from ledger.db import tables
from ledger.errors import ChainError, NodeError, TransactionError, UnavailableError, WrongChainError, WrongContractError
from ledger.log.items import EraseContent
from ledger.statements import onchain
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.log import ClockTick
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.worker import Worker
from ledger.worker.indexing import claimed_sums
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.log import WriterLog
from ledger.worker.real.rows import DatabaseRows
from tests.integration.worker.conftest import AMOUNT, ORIGIN, World, make_world

WRITES = (
    "save_costs", "replace_loose_anchors", "move_cursor", "answer", "note_claims", "save_settlement", "note_proposed",
    "note_proposed_in", "end_settlement", "report",
)  # fmt: skip


class Killed(Exception):
    """Nobody in the worker handles this: what was done so far is all that was done."""


class Reaper:
    """Kills once before and once after every step of the worker that it is shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.killed: set[tuple[str, str]] = set()
        self.armed = False

    def watch(self, owner: Any, name: str, what: Callable[..., str] = lambda *_: "") -> None:
        """``what`` names the kind of a step by its arguments, so that each kind dies by itself."""
        real = getattr(owner, name)

        @functools.wraps(real)
        async def step(*args: Any, **values: Any) -> Any:
            kind = f"{name} {what(*args)}".strip()
            self._die(kind, "before")
            result = await real(*args, **values)
            self._die(kind, "after")
            return result

        self._patch.setattr(owner, name, step)

    def _die(self, step: str, when: str) -> None:
        if self.armed and (step, when) not in self.killed:
            self.killed.add((step, when))
            raise Killed(f"{when} {step}")


@pytest.fixture
def reaper(monkeypatch: pytest.MonkeyPatch) -> Reaper:
    reaper = Reaper(monkeypatch)
    for name in WRITES:
        reaper.watch(DatabaseRows, name)
    reaper.watch(DatabaseRows, "save_attempt", lambda _self, attempt: attempt.intent.split(":")[0])
    reaper.watch(DatabaseRows, "set_attempts", lambda _self, changed: changed[0].state if changed else "")
    reaper.watch(DatabaseRows, "set_claims", lambda _self, _requests, state: state)
    reaper.watch(WriterLog, "record", lambda _self, statement, _fence: type(statement).__name__)
    reaper.watch(NodesChain, "broadcast")
    return reaper


async def _dying_until(world: World, done: Callable[[], Any]) -> None:
    """Every step is a new worker's; one that dies leaves its lease to run out."""
    for _ in range(400):
        if await done():
            return
        world.node.request("evm_mine")
        worker = world.worker()
        try:
            assert await worker.step()
        except Killed:
            await _lease_runs_out(world)
        else:
            await worker.close()
    raise AssertionError("it is stuck")


async def test_a_worker_killed_while_the_log_moves_moves_it_once(sqlite_world: World, reaper: Reaper) -> None:
    world = sqlite_world
    await world.open_campaign()
    first = world.worker()
    await world.step(first)
    await first.close()
    contract, home = world.deployment.contribution_log, world.deployment.log_id
    vkey = world.config.log_signer().verifier_key.vkey
    world.send("heir", contract, contracts.open_log_call(ORIGIN, vkey))
    successor = onchain.log_id(world.signers["heir"].address, ORIGIN)
    world.send("operator", contract, contracts.close_log_call(home, successor))
    world.operator = "heir"

    async def moved() -> bool:
        followed = contracts.read_current_log(world.node, world.deployment.pool) == successor
        size = contracts.read_head(world.node, contract, successor).size
        return followed and size in await world.rows(tables.anchors, "size")

    reaper.armed = True
    await world.accept("ann")
    await _dying_until(world, moved)
    purposes = [each.partition(":")[0] for each in await world.rows(tables.transactions, "intent")]
    assert purposes.count("follow") == 1
    assert reaper.killed >= {
        (f"save_attempt {what}", when) for what in ("anchor", "follow") for when in ("before", "after")
    }
    end = world.node.block().number
    (before,) = anchors.anchor_events(world.node, contract, home, 0, end)
    after = anchors.anchor_events(world.node, contract, successor, 0, end)
    assert after[0].old_size == 0
    rows_ = dict(await world.rows(tables.anchors, "size", "log_id"))
    assert rows_ == {before.size: home} | {event.size: successor for event in after if event.size > before.size}


async def test_who_leads_no_more_notes_no_claims(sqlite_world: World) -> None:
    """Asking a node for many accounts takes longer than a lease, which is renewed meanwhile, or lost."""
    world = sqlite_world
    first, second = world.worker(), world.worker()
    await world.step(first)
    account = world.signers["platform"].address
    assert await claimed_sums(first.context, [account], "latest") == {account: 0}
    await first.context.rows.note_claims([], {account: 1}, final=False)
    await _lease_runs_out(world)
    await world.step(second)
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await claimed_sums(first.context, [account], "latest")
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await first.context.rows.note_claims([], {account: 2}, final=False)
    await first.close()
    await second.close()


async def _lease_runs_out(world: World) -> None:
    async with world.database.begin() as connection:
        await connection.execute(update(tables.leases).values(expires_at=0))


async def test_a_worker_killed_between_any_two_steps_does_all_of_it_once(sqlite_world: World, reaper: Reaper) -> None:
    world = sqlite_world
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann", 2)
    await world.accept("bob")
    await world.link("ann")
    await world.link("bob")
    await asyncio.sleep(1.1)
    await world.ask("settle")

    async def stated() -> bool:
        return len(await world.statements(SettlementActivated)) == 1 and await world.all_done(tables.requests)

    async def paid() -> bool:
        return await world.all_done(tables.claim_requests)

    reaper.armed = True
    await _dying_until(world, stated)
    await world.ask_claim(world.wallets["ann"], world.wallets["bob"])
    await _dying_until(world, paid)
    assert len(reaper.killed) > 30, sorted(reaper.killed)

    assert (world.balance("ann"), world.balance("bob")) == (2 * AMOUNT, AMOUNT)
    for kind in (CampaignFunded, RewardsSettled, SettlementActivated):
        assert len(await world.statements(kind)) == 1, kind
    end = world.node.block().number
    events = anchors.pool_events(world.node, world.deployment.pool, 0, end)
    assert [(event.kind, event.number) for event in events.settlements] == [("proposed", 1), ("activated", 1)]
    assert len(events.claims) == 2
    assert await world.rows(tables.settlements, "number", "state") == [(1, "activated")]
    assert set(await world.rows(tables.claims, "cumulative")) == {str(2 * AMOUNT), str(AMOUNT)}
    worker = world.worker()
    await world.step(worker)
    assert worker.context.book.findings == []
    await worker.close()


async def _proposed(world: World, worker: Worker) -> None:
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann")
    await asyncio.sleep(1.1)
    await world.ask("settle")

    async def pending() -> bool:
        return contracts.read_pending(world.node, world.deployment.pool).number == 1

    await world.until(pending, worker)


async def test_a_veto_that_was_stated_in_a_crash_reaches_its_row(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    worker = world.worker()
    await _proposed(world, worker)
    await worker.close()
    world.send("guardian", world.deployment.pool, contracts.veto_call(1, "no"))
    world.node.request("anvil_mine", "0x4")

    async def cut(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(DatabaseRows, "end_settlement", cut)
        dying = world.worker()
        with pytest.raises(Killed):
            await dying.step()
        await dying.close()
    assert len(await world.statements(SettlementVetoed)) == 1
    assert await world.rows(tables.settlements, "state") == ["settled"]
    worker = world.worker()
    await world.step(worker)
    assert await world.rows(tables.settlements, "state") == ["vetoed"]
    assert len(await world.statements(SettlementVetoed)) == 1
    await worker.close()


async def test_a_stolen_number_does_not_make_our_settlement_claimable(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief proposes under the number that we recorded, and nobody vetoes it."""
    world = sqlite_world
    worker = world.worker()
    with monkeypatch.context() as patched:
        patched.setattr(contracts, "propose_call", lambda _: b"\0" * 4)
        with pytest.raises(ChainError):
            await _proposed(world, worker)
    assert await world.rows(tables.settlements, "number", "state") == [(1, "settled")]
    anchored = anchors.read_head(world.node, world.deployment).size
    theft = Proposal(1, 0, "0x" + "aa" * 32, anchored, (world.onchain_id,), (100,), (False,))
    world.send("reporter", world.deployment.pool, contracts.propose_call(theft))
    world.node.request("evm_increaseTime", 10)
    world.node.request("evm_mine")
    world.send("relayer", world.deployment.pool, contracts.activate_call(theft))

    async def stated() -> bool:
        return len(await world.statements(SettlementActivated)) == 1

    await world.until(stated, worker)
    await world.step(worker)
    assert await world.rows(tables.settlements, "number", "state") == [(1, "settled")]
    await worker.close()


async def test_a_reporter_without_coins_is_said_and_proposes_once_it_has_some(
    chain: DevChain, sqlite_world: World
) -> None:
    world = sqlite_world
    reporter = world.signers["reporter"].address
    chain.rpc("anvil_setBalance", reporter, "0x0")
    worker = world.worker()
    with pytest.raises(TransactionError, match="has 0 wei"):
        await _proposed(world, worker)
    with pytest.raises(TransactionError):
        await worker.step()
    assert contracts.read_count(world.node, world.deployment.pool) == 0
    chain.rpc("anvil_setBalance", reporter, hex(10**18))
    await world.until(lambda: world.all_done(tables.requests), worker)
    assert contracts.read_count(world.node, world.deployment.pool) == 1
    assert len(await world.statements(RewardsSettled)) == 1
    await worker.close()


async def test_a_transaction_that_cannot_cost_more_and_is_not_mined_raises_an_alarm(
    own_chain_world: tuple[DevChain, World],
) -> None:
    chain, world = own_chain_world
    chain.rpc("evm_setAutomine", False)
    chain.rpc("evm_setIntervalMining", 0)
    worker = world.worker(replace_after_seconds=0.01)
    worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
    await worker.context.chain.connect()
    worker.context.fees = replace(worker.context.fees, cap=(await worker.context.chain.fees()).price + 1)
    for _ in range(2):
        await world.step(worker)
    assert len(await world.rows(tables.transactions, "hash")) == 1
    (report,) = [json.loads(each) for each in await world.rows(tables.worker_reports, "report")]
    assert (report["stuck"], report["open_attempts"]) == (["anchor:1"], 1)
    assert "transaction-stuck" in report["alarms"]
    await worker.close()


async def test_a_leader_that_slept_writes_nothing(sqlite_world: World) -> None:
    first, second = sqlite_world.worker(), sqlite_world.worker()
    assert await first.step()
    await _lease_runs_out(sqlite_world)
    assert await second.step()
    await second.close()  # gone again: nobody leads, and the first one's book is old
    size = (await sqlite_world.reader.head()).size
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await first.context.record(ClockTick(v=1, at=first.context.timestamp()))
    assert (await sqlite_world.reader.head()).size == size


async def test_what_a_leader_began_to_write_is_refused_once_another_leads(world: World) -> None:
    """Between its look at the lease and the writer's transaction a worker may sleep for any time."""
    first, second = world.worker(), world.worker()
    assert await first.step()
    fence = first.context.fence
    await _lease_runs_out(world)
    assert await second.context.hold()
    size = (await world.reader.head()).size
    tick = ClockTick(v=1, at=first.context.timestamp())
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await first.context.entries.record(tick, fence)
    erase = EraseContent(platform="p", purpose="contribution", subject="s", reason="retention", fence=fence)
    (refused,) = await world.writer.write_many([erase])
    assert isinstance(refused, UnavailableError)
    assert (await world.reader.head()).size == size
    await second.context.entries.record(tick, second.context.fence)
    assert (await world.reader.head()).size == size + 1
    await first.close()
    await second.close()


async def test_a_chain_that_was_set_back_is_said_and_nothing_is_sent(
    sqlite_database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with DevChain() as chain:
        port = chain.port
        async with make_world(chain, sqlite_database_url, tmp_path) as world:
            deployed = chain.rpc("anvil_dumpState")
            worker = world.worker()
            await world.open_campaign()
            world.fund(10)
            chain.rpc("anvil_mine", "0x14")
            await world.step(worker)
            await world.step(worker)
            sent = len(await world.rows(tables.transactions, "hash"))
            chain.stop()
            # An empty chain of the same id: no contract of ours is there.
            with DevChain(port=port) as again:
                again.rpc("anvil_mine", "0x64")
                with pytest.raises((NodeError, WrongContractError)):
                    await worker.step()
                with pytest.raises(WrongContractError):
                    await worker.step()
            # The chain as it was when the contracts were deployed: first shorter, then another one as long.
            with DevChain(port=port) as again:
                again.rpc("anvil_loadState", deployed)
                with pytest.raises(NodeError, match=r"call.* final; we have read up to|does not answer"):
                    await worker.step()
                again.rpc("anvil_mine", "0x64", "0x3")
                with pytest.raises(WrongChainError, match="set back or set up anew"):
                    await worker.step()
                with pytest.raises(WrongChainError, match="set back or set up anew"):
                    await worker.step()
            assert len(await world.rows(tables.transactions, "hash")) == sent
            await worker.close()
