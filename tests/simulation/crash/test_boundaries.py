"""The server is killed between every two steps of a write, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from pathlib import Path
from random import Random

import pytest

from ledger.tree.keys import LogSigner
from tests.simulation.crash.crowd import Crowd, Reply, Sent
from tests.simulation.crash.serving import ORIGIN, Server, until
from tests.simulation.crash.stage import Stage, check_stored, is_sqlite, locked, staged
from tests.simulation.crash.test_random_kills import killed_under_load
from tests.simulation.crash.wire_tap import tapped
from tests.simulation.crash.witness import Witness

ROOM = 6
"""Entries left in the tile before the group, which has more."""
BATCH = 8
SAMPLE = {
    "sqlite": ["INSERT INTO tiles", "COMMIT", "answer"],
    "postgresql": ["INSERT INTO tiles", "UPDATE logs", "from COMMIT"],
}
SURE = {
    "sqlite": ["BEGIN IMMEDIATE", "INSERT INTO entries", "INSERT INTO tiles", "UPDATE logs SET", "COMMIT", "answer"],
    "postgresql": ["BEGIN", "INSERT INTO entries", "INSERT INTO tiles", "UPDATE logs", "to COMMIT", "from COMMIT"],
}
"""Steps that are among all, whatever else there is."""
STORED_EVERY = 5
READS_ASIDE = 9
"""A start reads much on PostgreSQL, message by message: so many are taken at a time."""
_QUEUEING_SECONDS = 0.1


async def group_of_kinds(crowd: Crowd) -> list[Sent]:
    """A group that inserts into many tables, changes rows that are there, and fills a tile."""
    ripe = (await crowd.must(crowd.batch(2))).answers
    return [
        crowd.batch(BATCH),
        crowd.task(),
        crowd.new_campaign(),
        crowd.platform(),
        crowd.decision(ripe[0].id),
        crowd.withdrawal(ripe[1].id),
        crowd.contribution(),
    ]


async def killed_in_a_group(stage: Stage, size: int, step: int | str) -> list[Reply | None]:
    """One write, then a group of all kinds that queued behind it; the server dies at ``step`` of them."""
    crowd = stage.crowd
    group = await group_of_kinds(crowd)
    await crowd.fill(size + 2, ROOM + 1)
    async with locked(stage.database_url):
        stage.kill_at(step)
        sent = [asyncio.create_task(crowd.send(crowd.contribution("ann")))]
        await asyncio.sleep(_QUEUEING_SECONDS)
        sent += [asyncio.create_task(crowd.send(each)) for each in group]
        await asyncio.sleep(_QUEUEING_SECONDS)
    return list(await asyncio.gather(*sent))


def kind_of(database_url: str) -> str:
    return "sqlite" if is_sqlite(database_url) else "postgresql"


async def test_nothing_is_lost_at_a_step(database_url: str, tmp_path: Path) -> None:
    async with staged(database_url, tmp_path) as stage:
        size = await stage.finish()
        for step in SAMPLE[kind_of(database_url)]:
            replies = await killed_in_a_group(stage, size, step)
            assert None in replies, f"{step} was not reached: {stage.steps()}"
            size = await stage.come_back()
        await killed_under_load(stage, Random())
        await stage.come_back()


@pytest.mark.long
async def test_nothing_is_lost_at_any_step(database_url: str, tmp_path: Path) -> None:
    found: set[int] = set()
    async with staged(database_url, tmp_path) as stage:
        size = await stage.finish()
        for step in itertools.count():
            replies = await killed_in_a_group(stage, size, step)
            if None not in replies:
                break  # there was no such step any more
            size = await stage.come_back(stored=step % STORED_EVERY == 0)
            found.add(stage.crowd.found)
        steps = "\n".join(stage.steps())
        assert all(each in steps for each in SURE[kind_of(database_url)]), steps
        assert len(found) > 2, "what was not answered was always there, or never"
        await check_stored(database_url)


@pytest.mark.long
async def test_a_first_start_that_dies_at_any_step(database_url: str, tmp_path: Path) -> None:
    """The log's head and its first entry are there or not; the next start opens the log or finds it open."""
    signer = LogSigner.generate(ORIGIN)
    async with contextlib.AsyncExitStack() as stack:
        tap = None if is_sqlite(database_url) else await stack.enter_async_context(tapped(database_url))
        for step in itertools.count(0, 1 if tap is None else READS_ASIDE):
            url = database_url if tap is None else tap.url
            server = Server(tmp_path / f"{step}", url, signer, log=f"log-{step}")
            stack.push_async_callback(server.stop)
            if tap is None:
                server.kill_at(step)
            else:
                tap.kill_at(server, step, everything=True)
            server.begin()
            await until(lambda server=server: not server.lives or "Uvicorn running" in server.log())
            if server.lives:
                break
            await server.died()
            server.spare()
            await server.start()
            assert await Witness(signer.verifier_key).check(server.url) == 1
            await server.stop()
        assert step >= 8
