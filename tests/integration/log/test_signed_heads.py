"""A database that was changed beside the service gets no signature under it, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from ledger.db.tables import logs
from ledger.errors import LogDivergedError
from ledger.log.writer import Writer
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.growth import CompactRange
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import ORIGIN


async def stored(log: OpenLog) -> dict[str, Any]:
    async with log.database.engine.connect() as connection:
        query = select(logs.c.size, logs.c.at_ms, logs.c.compact, logs.c.note).where(logs.c.name == LOG)
        return dict((await connection.execute(query)).one()._mapping)


async def put(log: OpenLog, **members: Any) -> None:
    async with log.database.begin() as connection:
        await connection.execute(update(logs).where(logs.c.name == LOG).values(**members))


async def refused(log: OpenLog, match: str) -> None:
    """Both the writer that is under way and one of a service just started; nothing of the head moves."""
    before = await stored(log)
    async with Writer(log.database, LOG, log.signer) as fresh:
        fresh.allow_writes()
        for writer in (log.writer, fresh):
            with pytest.raises(LogDivergedError, match=match) as caught:
                await writer.write(log.maker.submit("ann"))
            assert "crowdledger audit --database" in caught.value.remedy
            assert not writer.writes_allowed
    assert await stored(log) == before


async def test_an_entry_changed_beside_the_service_is_not_signed(log: OpenLog) -> None:
    compact = CompactRange.decode(3, (await stored(log))["compact"])
    forged = CompactRange(3, (*compact.hashes[:-1], b"\7" * 32))
    await put(log, compact=forged.encode())
    await refused(log, "another than the log's key has signed")


async def test_neither_with_a_note_of_another_key(log: OpenLog) -> None:
    forged = CompactRange(3, (b"\6" * 32, b"\7" * 32))
    thief = LogSigner.generate(ORIGIN)
    await put(log, compact=forged.encode(), note=sign(Checkpoint(ORIGIN, 3, forged.root()), thief))
    await refused(log, "not signed by the log's key")


@pytest.mark.parametrize("note", ["", "nothing", "\n", "a\n0\nAAAA\n\n"])
async def test_nor_with_what_is_no_note(log: OpenLog, note: str) -> None:
    await put(log, note=note)
    async with Writer(log.database, LOG, log.signer) as fresh:
        fresh.allow_writes()
        with pytest.raises(LogDivergedError, match="not signed by the log's key"):
            await fresh.write(log.maker.submit("ann"))


async def test_a_database_that_went_back_gives_no_index_twice(log: OpenLog) -> None:
    earlier = await stored(log)
    await log.writer.write(log.maker.submit("ann"))
    await put(log, **earlier)
    with pytest.raises(LogDivergedError, match="has 3 entries; this service has committed 4"):
        await log.writer.write(log.maker.submit("ben"))


async def test_what_another_process_wrote_is_gone_on_with(log: OpenLog) -> None:
    async with Writer(log.database, LOG, log.signer) as other:
        other.allow_writes()
        for number in range(3):
            first = await log.writer.write(log.maker.submit(f"ann-{number}"))
            second = await other.write(log.maker.submit(f"ben-{number}"))
            assert second.index == first.index + 1
