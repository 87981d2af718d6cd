"""Contents that were kept long enough go, with their salts; what may still be needed stays."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest
from sqlalchemy import select

from ledger.db.tables import contents
from ledger.log.items import Decide, Submit
from ledger.statements.contents import ContentErased
from ledger.statements.decisions import Method
from ledger.statements.values import uuid4
from ledger.worker import retention
from ledger.worker.real.clock import SystemClock
from ledger.worker.retention import DAY_MS, Retention
from tests.integration.worker.conftest import World, new_id, now_ms


async def submit(world: World, person: str) -> str:
    written = await world.writer.write(
        Submit(
            id=new_id(), platform=world.platform, campaign=world.campaign, contributor=person,
            fresh_id=uuid4(os.urandom(16)), content={"answer": person}, salt=os.urandom(32),
        )
    )  # fmt: skip
    return written.id


async def reject(world: World, contribution: str) -> str:
    written = await world.writer.write(
        Decide(
            id=new_id(), platform=world.platform, contribution=contribution, verdict="rejected", score="0",
            method=Method(type="human"), salt=os.urandom(32), fresh_id=uuid4(os.urandom(16)), feedback="Too short.",
        )
    )  # fmt: skip
    return written.id


async def kept(world: World) -> set[tuple[str, str]]:
    async with world.database.engine.connect() as connection:
        return {
            (row.kind, row.subject) for row in await connection.execute(select(contents.c.kind, contents.c.subject))
        }


async def erased(world: World) -> list[tuple[str, str, str]]:
    return [(each.purpose, each.subject, each.reason) for each in await world.statements(ContentErased)]


async def test_what_is_final_for_long_enough_is_erased(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_A_STEP", 2)  # so that a pass takes several steps
    await world.open_campaign()
    finals = [await submit(world, f"person {number}") for number in range(3)]
    decisions = [await reject(world, contribution) for contribution in finals]
    await asyncio.sleep(1.1)  # the appeal window
    waiting = await submit(world, "late")
    worker = world.worker()
    await world.step(worker)
    private = {("contribution", name) for name in finals} | {("feedback", name) for name in decisions}
    assert await kept(world) == private | {("contribution", waiting)}

    async def run(days_later: float) -> None:
        context = replace(worker.context, clock=SystemClock(lambda: now_ms() + int(days_later * DAY_MS)))
        sweep = Retention(context, 7)
        for _ in range(8):
            await sweep.erase()

    await run(6.9)
    assert await erased(world) == []
    await run(7.1)
    assert await kept(world) == {("contribution", waiting)}
    said = await erased(world)
    assert {(purpose, subject) for purpose, subject, _ in said} == private
    assert {reason for _, _, reason in said} == {"retention"}
    await run(8)
    assert len(await erased(world)) == len(private)
    assert worker.context.book.findings == []
    await worker.close()


async def test_without_the_setting_everything_is_kept(sqlite_world: World) -> None:
    await sqlite_world.open_campaign()
    await reject(sqlite_world, await submit(sqlite_world, "person"))
    worker = sqlite_world.worker()
    await sqlite_world.step(worker)
    before = await kept(sqlite_world)
    await Retention(replace(worker.context, clock=SystemClock(lambda: now_ms() + 10**12)), None).erase()
    assert await kept(sqlite_world) == before
    await worker.close()
