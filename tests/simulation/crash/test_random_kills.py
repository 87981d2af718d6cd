"""The server is killed at any moment under load, again and again."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from random import Random

import pytest

from tests.simulation.crash.serving import until
from tests.simulation.crash.stage import Stage, staged

CONNECTIONS = 12
KILLS = 110
STORED_EVERY = 22


async def killed_under_load(stage: Stage, random: Random) -> int:
    """Kill it after some answers; returns how many there were."""
    least = random.randint(0, 60)
    async with stage.crowd.load(CONNECTIONS) as replies:
        await until(lambda: len(replies) >= least, stage.server)
        await asyncio.sleep(random.random() * 0.02)
        stage.server.kill()
    assert stage.crowd.unanswered
    return len(replies)


@pytest.mark.long
async def test_nothing_is_lost_at_any_moment(database_url: str, tmp_path: Path) -> None:
    random, answered = Random(), 0
    async with staged(database_url, tmp_path) as stage:
        for number in range(1, KILLS + 1):
            answered += await killed_under_load(stage, random)
            await stage.come_back(stored=number % STORED_EVERY == 0)
        command = ["-m", "ledger.cli", "audit", stage.server.url, "--key", stage.witness.key.vkey, "--json"]
        audit = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        report = json.loads((await audit.communicate())[0])
        assert (report["verdict"], report["entries"]) == ("pass", await stage.finish())
    assert answered > KILLS
