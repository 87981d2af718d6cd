"""More than the queue holds, and clients that do not wait: all or nothing, and each thing once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.simulation.crash.crowd import Sent
from tests.simulation.crash.serving import until
from tests.simulation.crash.stage import Stage, check_stored, locked, staged

# PostgreSQL's turn is long: the queue is the service's own, whatever the database.
pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
LIMIT = 20
_TRIES = 500


def items_of(sent: Sent) -> int:
    """How many items a request brings."""
    assert sent.body is not None
    return len(sent.body.get("items", "1"))


async def test_a_queue_that_is_full(database_url: str, tmp_path: Path) -> None:
    async with staged(database_url, tmp_path, queue_limit=str(LIMIT)) as stage:
        crowd = stage.crowd
        sent = [crowd.batch(7), *(crowd.contribution() for _ in range(2 * LIMIT)), crowd.batch(7)]
        sent += [crowd.batch(LIMIT + 1)]
        async with locked(database_url):
            waiting = {asyncio.create_task(crowd.send(each)): items_of(each) for each in sent}
            await until(lambda: sum(items for task, items in waiting.items() if not task.done()) <= LIMIT, stage.server)
        replies = await asyncio.gather(*waiting)
        kinds = {(reply.status, reply.problem) for reply in replies if reply}
        assert {(503, "queue-full")} < kinds <= {(200, ""), (201, ""), (503, "queue-full")}
        assert sum(items_of(each) for each in sent) - sum(map(items_of, crowd.refused)) <= LIMIT
        size = await stage.witness.check(stage.server.url)
        assert size == 1 + len(stage.witness.answers), "something that was refused was written"
        await check_stored(database_url)
        crowd.refused.remove(sent[-1])  # more than the queue ever holds
        assert await crowd.settle() == 0
        await stage.finish()


async def leave(stage: Stage, sent: Sent, *, after: float) -> None:
    """Send a request, as far as ``after`` says, and go without waiting."""
    body = json.dumps(sent.body).encode()
    head = f"POST {sent.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {sent.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(stage.server.url).port)
    writer.write(request[: int(len(request) * after)])
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()


async def test_clients_that_go_away(database_url: str, tmp_path: Path) -> None:
    """What arrived as a whole is written once, though nobody waits; what broke off is not there."""
    async with staged(database_url, tmp_path) as stage:
        whole = [stage.crowd.contribution(), stage.crowd.batch(5)]
        half = [stage.crowd.contribution(), stage.crowd.batch(5)]
        size = await stage.witness.check(stage.server.url)
        async with locked(database_url):
            await asyncio.gather(*(leave(stage, each, after=1) for each in whole))
            await asyncio.gather(*(leave(stage, each, after=0.9) for each in half))
        for _ in range(_TRIES):
            if await stage.witness.check(stage.server.url) == size + 6:
                break
            await asyncio.sleep(0.02)
        stage.crowd.unanswered = list(whole)
        assert await stage.crowd.settle() == len(whole)
        stage.crowd.unanswered = list(half)
        assert await stage.crowd.settle() == 0
        await stage.finish()
        assert "Traceback" not in stage.server.log()
