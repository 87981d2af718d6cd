"""The machine's clock steps: a little back is another machine's clock, much is a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.statements.kinds import parse
from ledger.tree.receipts import Receipt
from tests.simulation.crash.serving import Server
from tests.simulation.crash.stage import Stage, check_stored, staged

# PostgreSQL's turn is long: the clock is read by the service, whatever the database.
pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
DAYS_MS = 3 * 86_400_000


async def written(stage: Stage) -> str:
    """The time of an entry that is written now."""
    (answer,) = (await stage.crowd.must(stage.crowd.contribution())).answers
    return parse(Receipt.parse(answer.receipt).statement).at


async def refused(stage: Stage) -> None:
    for sent in (stage.crowd.contribution(), stage.crowd.batch(3)):
        reply = await stage.crowd.send(sent)
        assert reply is not None
        assert (reply.status, reply.problem) == (503, "clock-behind")


async def test_a_clock_that_steps(database_url: str, tmp_path: Path) -> None:
    def with_a_clock(server: Server) -> None:
        server.set_clock(0)

    async with staged(database_url, tmp_path, with_a_clock) as stage:
        times = [await written(stage)]
        stage.server.set_clock(-10_000)
        times += [await written(stage), await written(stage)]
        assert times[0] == times[1] == times[2], "it stands still until the clock is there again"
        stage.server.set_clock(-120_000)
        await refused(stage)
        await stage.witness.check(stage.server.url)
        stage.server.set_clock(0)
        times += [await written(stage)]
        stage.server.set_clock(DAYS_MS)  # no chain confirms or denies it: this log has its own clock alone
        times += [await written(stage)]
        stage.server.set_clock(0)
        await refused(stage)
        stage.server.set_clock(DAYS_MS)
        times += [await written(stage)]
        assert times == sorted(times)
        await stage.finish()
        await check_stored(database_url)
