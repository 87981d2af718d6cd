"""Whatever deadline passes in an idle log, the worker writes the time down, and only then."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest

from ledger.log.items import CloseCampaign, Decide, FileAppeal, Submit
from ledger.statements.campaigns import Revisions
from ledger.statements.decisions import Method
from ledger.statements.log import ClockTick
from ledger.statements.values import uuid4
from tests.integration.worker.conftest import World, new_id


async def submit(world: World, person: str) -> str:
    written = await world.writer.write(
        Submit(
            id=new_id(), platform=world.platform, campaign=world.campaign, contributor=person,
            fresh_id=uuid4(os.urandom(16)), content={"answer": person}, salt=os.urandom(32),
        )
    )  # fmt: skip
    return written.id


async def decide(world: World, contribution: str, verdict: str) -> str:
    written = await world.writer.write(
        Decide(
            id=new_id(), platform=world.platform, contribution=contribution, verdict=verdict, score="0",
            method=Method(type="human"), salt=os.urandom(32), fresh_id=uuid4(os.urandom(16)), feedback="Why.",
        )
    )  # fmt: skip
    return written.id


async def nothing(world: World) -> None:
    """Only the closing date is ahead."""


async def undecided(world: World) -> None:
    await submit(world, "one")


async def rejected(world: World) -> None:
    await decide(world, await submit(world, "one"), "rejected")


async def sent_back(world: World) -> None:
    await decide(world, await submit(world, "one"), "needs_work")


async def appealed(world: World) -> None:
    contribution = await submit(world, "one")
    decision = await decide(world, contribution, "rejected")
    await world.writer.write(
        FileAppeal(
            id=new_id(), platform=world.platform, contribution=contribution, decision=decision, grounds="No.",
            salt=os.urandom(32),
        )
    )  # fmt: skip


@pytest.mark.parametrize("work", [nothing, undecided, rejected, sent_back, appealed])
async def test_every_deadline_is_ticked_once(sqlite_world: World, work: Callable[[World], Awaitable[None]]) -> None:
    world = sqlite_world
    await world.open_campaign(
        decision_deadline=1, appeal_deadline=1, appeal_window=1, revisions=Revisions(window=1, rounds=1)
    )
    await work(world)
    worker = world.worker()
    book = worker.context.book
    await world.step(worker)
    campaign = book.campaigns[world.campaign]

    async def final() -> bool:
        return campaign.undecided == 0

    await world.until(final, worker)
    ticks = await world.statements(ClockTick)
    assert len(ticks) == (0 if work is nothing else 1)
    await world.step(worker)
    assert await world.statements(ClockTick) == ticks
    await world.writer.write(CloseCampaign(platform=world.platform, campaign=world.campaign))
    await world.step(worker)
    assert campaign.final_entry is not None
    assert book.findings == []
    await worker.close()
