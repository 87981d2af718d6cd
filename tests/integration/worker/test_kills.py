"""The worker's process is killed between its steps, or sleeps through its lease there while another one goes on."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ledger.chain import anchors
from ledger.db import tables
from ledger.log.checking import check_database
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.settlements import RewardsSettled, SettlementActivated
from tests.integration.worker.conftest import AMOUNT, World
from tests.integration.worker.points import EVERY, Victim, ending, lease_runs_out, pause, spare, strike, struck

PEOPLE = ("ann", "bob")
SAMPLE = (
    "after save_attempt anchor", "after record CampaignFunded", "after save_settlement", "after record RewardsSettled",
    "before note_proposed", "before set_claims paid", "after tell",
)  # fmt: skip
"""Points at which something is done whose next step is not."""
LATE_WRITES = ("before record RewardsSettled", "before save_attempt propose", "before set_claims paid")
SECONDS = 60.0
LONG_SECONDS = 400.0

Turn = Callable[[], Awaitable[None]]


async def _prepared(world: World) -> None:
    await world.open_campaign()
    world.fund(100)
    for person in PEOPLE:
        await world.accept(person)
        await world.link(person)
    await asyncio.sleep(1.1)  # the appeal window


async def _until(done: Callable[[], Awaitable[bool]], turn: Turn, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await done():
        assert time.monotonic() < deadline, "it does not happen"
        await turn()


async def _paid(world: World, turn: Turn, seconds: float) -> None:
    """The whole story: somebody asks for a settlement, and once it is active for the payments."""

    async def active() -> bool:
        ended = len(await world.statements(SettlementActivated)) == 1
        return ended and await world.all_done(tables.requests)

    async def paid() -> bool:
        return await world.all_done(tables.claim_requests)

    async def permanent() -> bool:
        return not set(await world.rows(tables.transactions, "state")) - {"final", "replaced"}

    await world.ask("settle")
    await _until(active, turn, seconds)
    await world.ask_claim(*(world.wallets[person] for person in PEOPLE))
    await _until(paid, turn, seconds)
    await _until(permanent, turn, seconds)

    async def told() -> bool:
        return (await world.rows(tables.events, "type")).count("claim.paid") >= len(PEOPLE)

    await _until(told, turn, seconds)


async def _all_was_done_once(world: World) -> None:
    for kind in (CampaignFunded, RewardsSettled, SettlementActivated):
        assert len(await world.statements(kind)) == 1, kind
    assert [world.balance(person) for person in PEOPLE] == [AMOUNT] * len(PEOPLE)
    events = anchors.pool_events(world.node, world.deployment.pool, 0, world.node.block().number)
    assert [(event.kind, event.number) for event in events.settlements] == [("proposed", 1), ("activated", 1)]
    assert len(events.claims) == len(PEOPLE)
    states = await world.rows(tables.transactions, "sender", "nonce", "state")
    finals = Counter((sender, nonce) for sender, nonce, state in states if state == "final")
    assert set(finals.values()) == {1}
    intents = await world.rows(tables.transactions, "intent")
    assert Counter(each.partition(":")[0] for each in set(intents))["propose"] == 1
    assert set(await world.rows(tables.claim_requests, "state")) == {"paid"}
    told = Counter(await world.rows(tables.events, "type"))
    assert set(told) >= {"contribution.recorded", "decision.final", "rewards.claimable", "claim.paid"}
    assert told.pop("entry.anchored") >= 1
    assert told.pop("rewards.settled") == 1
    assert set(told.values()) == {len(PEOPLE)}
    report = await check_database(world.database, "main")
    assert (report.verdict, report.findings) == ("pass", [])


async def _killed(world: World, folder: Path, parts: tuple[str, ...], seconds: float) -> list[str]:
    """The story with a worker that is killed at each of the points once; the points."""
    await _prepared(world)
    victim = Victim(world, folder)
    strike(folder, signal.SIGKILL, *parts)

    async def turn() -> None:
        if not victim.is_alive:
            if victim.lives:
                victim.require_killed()
            await lease_runs_out(world)
            victim.start()
        await pause(world)

    with ending(victim):
        await _paid(world, turn, seconds)
        spare(folder)
        assert "Traceback" not in victim.log()
    await _all_was_done_once(world)
    return struck(folder)


async def test_a_worker_that_is_killed_between_two_steps_does_all_of_it_once(
    sqlite_world: World, tmp_path: Path
) -> None:
    points = await _killed(sqlite_world, tmp_path / "worker", SAMPLE, SECONDS)
    assert set(points) >= set(SAMPLE)


@pytest.mark.long
async def test_a_worker_that_is_killed_between_any_two_steps_does_all_of_it_once(world: World, tmp_path: Path) -> None:
    points = await _killed(world, tmp_path / "worker", (EVERY,), LONG_SECONDS)
    assert set(points) >= set(SAMPLE)
    assert len(points) > 40, points


async def _asleep(world: World, folder: Path, parts: tuple[str, ...], seconds: float) -> list[str]:
    """The story with two workers; the one that leads is stopped at each of the points once, until the other one leads.

    Then it goes on where it stood, with the lease of long ago.
    """
    await _prepared(world)
    pair = (Victim(world, folder, "first"), Victim(world, folder, "second"))
    strike(folder, signal.SIGSTOP, *parts)
    for each in pair:
        each.start()

    async def token() -> int:
        tokens: list[int] = await world.rows(tables.leases, "token")
        return max(tokens, default=0)

    async def turn() -> None:
        await pause(world)
        stopped = [each for each in pair if each.is_stopped]
        if not stopped:
            return
        before = await token()
        await _until_other_leads(world, before, pair)
        stopped[0].go_on()

    with ending(*pair):
        await _paid(world, turn, seconds)
        spare(folder)
        said = [each.log() for each in pair]
    assert all("Traceback" not in each for each in said), said
    assert any("Another worker leads by now" in each for each in said), said
    await _all_was_done_once(world)
    return struck(folder)


async def _until_other_leads(world: World, token: int, pair: tuple[Victim, ...]) -> None:
    """Once its lease is over the other one takes the lead; if that one is struck as well both wait for nothing."""
    deadline = time.monotonic() + SECONDS
    while max(await world.rows(tables.leases, "token")) == token and not all(each.is_stopped for each in pair):
        assert time.monotonic() < deadline, [each.log() for each in pair]
        await pause(world)
    await asyncio.sleep(0.2)


@pytest.mark.long
async def test_nothing_of_a_leader_that_slept_takes_effect(sqlite_world: World, tmp_path: Path) -> None:
    points = await _asleep(sqlite_world, tmp_path / "pair", LATE_WRITES, SECONDS)
    assert set(points) >= set(LATE_WRITES)


@pytest.mark.long
async def test_nothing_of_a_leader_that_slept_anywhere_takes_effect(world: World, tmp_path: Path) -> None:
    points = await _asleep(world, tmp_path / "pair", ("before ",), LONG_SECONDS)
    assert len(points) > 25, points
