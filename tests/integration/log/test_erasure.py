"""What is erased is gone: content and salt leave the database, the log stays valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from ledger.db import open_database, tables
from ledger.errors import NotFoundError
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.statements import commitments
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import parse
from ledger.tree.checkpoints import LogSigner
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import ORIGIN, Maker

SECRET = "a sentence that nobody else would ever write"


async def test_content_and_salt_go_in_the_same_transaction(log: OpenLog) -> None:
    maker, write = log.maker, log.writer.write
    work, other = maker.submit("ann", content=SECRET), maker.submit("bob", content=SECRET)
    entry = (await write(work)).index
    await write(other)
    decision = maker.decide(work.id, verdict="rejected", feedback="No.", inputs=[1], inputs_salt=maker.bytes())
    await write(decision)
    assert await log.reader.opening("contribution", work.id) is not None
    first = await write(maker.erase("contribution", work.id))
    assert await log.reader.opening("contribution", work.id) is None
    assert await log.reader.opening("contribution", other.id) is not None
    again = await write(maker.erase("contribution", work.id))
    assert (again.repeated, again.index) == (True, first.index)
    await write(maker.erase("feedback", decision.id))
    assert await log.reader.opening("decision", decision.id) is None
    assert await log.reader.opening("inputs", decision.id) is not None
    await write(maker.erase("inputs", decision.id))
    assert await log.reader.opening("inputs", decision.id) is None
    async with log.database.engine.connect() as connection:
        rows = (await connection.execute(select(tables.erasures).order_by(tables.erasures.c.entry_index))).all()
    assert [row.purpose for row in rows] == ["contribution", "feedback", "inputs"]
    statement = parse((await log.reader.statements(entry, entry + 1))[0])
    assert isinstance(statement, ContributionSubmitted)  # the commitment stands, and can be shown to be in the log
    assert (await log.reader.receipts([entry]))[entry].statement is not None


async def test_a_group_that_writes_and_erases_leaves_nothing(log: OpenLog) -> None:
    maker = log.maker
    work = maker.submit("ann", content=SECRET)
    mandate = maker.mandate()
    results = await log.writer.write_many(
        [
            work,
            mandate,
            maker.look(mandate.id, "contribution", work.id),
            maker.erase("contribution", work.id),
            maker.look(mandate.id, "contribution", work.id),
        ]
    )
    assert commitments.Opening.parse(results[2].opening).content() == SECRET  # type: ignore[union-attr,arg-type]
    assert isinstance(results[4], NotFoundError)
    assert await log.reader.opening("contribution", work.id) is None


@pytest.mark.parametrize("erased", [False, True])
async def test_no_byte_of_it_stays_in_the_file(sqlite_database_url: str, erased: bool) -> None:
    signer, maker = LogSigner.generate(ORIGIN), Maker(start_ms=system_clock_ms())
    work = maker.submit("ann", content=SECRET)
    async with open_database(sqlite_database_url) as database:
        await open_log(database, LOG, ORIGIN, signer, 3)
        async with Writer(database, LOG, signer) as writer:
            writer.allow_writes()
            await writer.write_many([maker.register(), maker.open_campaign(), work])
            if erased:
                await writer.write(maker.erase("contribution", work.id))
        assert (await Reader(database, LOG).opening("contribution", work.id) is None) == erased
    path = Path(str(make_url(sqlite_database_url).database))
    left = b"".join(each.read_bytes() for each in path.parent.iterdir() if each.name.startswith(path.name))
    assert (SECRET.encode() in left) != erased
    assert (work.salt in left) != erased
