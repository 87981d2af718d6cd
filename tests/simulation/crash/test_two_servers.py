"""Two processes that serve one log: one history, no index twice, and one may die without hurting the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.simulation.crash.crowd import Crowd
from tests.simulation.crash.serving import Server, serving, until
from tests.simulation.crash.stage import check_stored, staged

CONNECTIONS = 6
ANSWERS = 60


async def test_two_servers_write_one_log(database_url: str, tmp_path: Path) -> None:
    async with staged(database_url, tmp_path) as stage:
        other = Server(tmp_path / "other", database_url, stage.signer)
        async with serving(other):
            crowd = Crowd(other.url, stage.witness, "others")
            await crowd.open()
            async with stage.crowd.load(CONNECTIONS) as here, crowd.load(CONNECTIONS) as there:
                await until(lambda: min(len(here), len(there)) >= ANSWERS, stage.server, other)
            assert {reply.status for reply in here + there} <= {200, 201}
            assert stage.crowd.unanswered == crowd.unanswered == []

            # The same own ids at both at once: each is one entry, whoever is quicker.
            same = [stage.crowd.contribution() for _ in range(20)]
            twice = Crowd(other.url, stage.witness)
            first, second = await asyncio.gather(stage.crowd.send_all(same), twice.send_all(same))
            for one, two in zip(first, second, strict=True):
                assert one is not None
                assert two is not None
                assert one.answers == two.answers
                assert sorted([one.status, two.status]) == [200, 201]

            async with stage.crowd.load(CONNECTIONS) as here, crowd.load(CONNECTIONS) as there:
                await until(lambda: len(there) >= ANSWERS // 2, other)
                other.kill()
                before = len(here)
                await until(lambda: len(here) >= before + ANSWERS // 2, stage.server)
            await other.died()
            await check_stored(database_url)
            stage.crowd.unanswered += crowd.unanswered  # any server answers for what the dead one wrote
            await stage.finish()
            await crowd.close()
            await twice.close()
