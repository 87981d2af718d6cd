"""The worker's lease, looked at in the transaction that writes: nobody takes over in the middle of it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import update

from ledger.db import open_database
from ledger.db.loading import Loaded, Named
from ledger.db.store import Change, Head
from ledger.db.tables import leases
from ledger.errors import UnavailableError
from ledger.log.items import Fence, Record
from ledger.statements.log import ClockTick
from ledger.worker.real.rows import DatabaseRows
from tests.integration.log.conftest import LOG, OpenLog
from tests.integration.worker.row_stores import PLACE

FOREVER_MS = 10**15


def tick(fence: Fence | None) -> Record:
    return Record(statement=ClockTick(v=1, at="2026-01-01T00:00:00.000Z"), fence=fence)


async def lead(log: OpenLog, holder: str = "a", now_ms: int = 0) -> int:
    return await DatabaseRows(log.database, LOG, PLACE).hold(holder, 0, now_ms, 10)


async def test_only_who_leads_writes(log: OpenLog) -> None:
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await log.writer.write(tick(Fence(holder="a", token=1)))
    assert await lead(log) == 1
    with pytest.raises(UnavailableError):
        await log.writer.write(tick(Fence(holder="b", token=1)))
    with pytest.raises(UnavailableError):
        await log.writer.write(tick(Fence(holder="a", token=2)))
    results = await log.writer.write_many([tick(Fence(holder="b", token=1)), log.maker.submit("ann")])
    assert [isinstance(each, UnavailableError) for each in results] == [True, False]  # it keeps nobody else
    assert (await log.writer.write(tick(Fence(holder="a", token=1)))).index == 4


async def test_who_writes_while_another_takes_the_lease_waits_and_is_refused(log: OpenLog) -> None:
    await lead(log)
    async with log.database.begin() as connection:
        await connection.execute(update(leases).values(holder="b", token=2, expires_at=FOREVER_MS))
        writing = asyncio.create_task(log.writer.write(tick(Fence(holder="a", token=1))))
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
    with pytest.raises(UnavailableError, match="Another worker leads"):
        await writing
    assert (await log.reader.head()).size == 3


async def test_who_takes_the_lease_while_another_writes_waits_for_the_commit(log: OpenLog) -> None:
    await lead(log)
    taken: list[int] = []

    async def take() -> None:
        async with open_database(log.url) as database:
            taken.append(await DatabaseRows(database, LOG, PLACE).hold("b", 0, FOREVER_MS, 10))

    thread = threading.Thread(target=lambda: asyncio.run(take()))
    seen: list[tuple[str, int] | None] = []

    def work(head: Head, loaded: Loaded) -> Change[None]:
        """In the writer's transaction, after the lease was looked at."""
        seen.append(loaded.lease)
        thread.start()
        thread.join(1.5)
        assert thread.is_alive()
        return Change(None)

    await log.database.store(LOG).append(Named(lease=True), work)
    await asyncio.to_thread(thread.join, 10)
    assert (seen, taken) == ([("a", 1)], [2])
