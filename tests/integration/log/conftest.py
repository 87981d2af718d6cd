"""An opened log on both databases, with a platform and a campaign in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ledger.db import Database, open_database
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree.checkpoints import LogSigner
from tests.unit.log.samples import ORIGIN, Maker

LOG = "main"


@dataclass
class OpenLog:
    """What a test of writing needs."""

    url: str
    database: Database
    signer: LogSigner
    writer: Writer
    reader: Reader
    maker: Maker


@pytest.fixture
def signer() -> LogSigner:
    return LogSigner.generate(ORIGIN)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def log(database_url: str, database: Database, signer: LogSigner) -> AsyncIterator[OpenLog]:
    """Entries 0 to 2: the log, a platform, a campaign."""
    await open_log(database, LOG, ORIGIN, signer, 3)
    maker = Maker(start_ms=system_clock_ms())
    async with Writer(database, LOG, signer) as writer:
        writer.allow_writes()
        await writer.write(maker.register(external_id="stars"))
        await writer.write(maker.open_campaign())
        yield OpenLog(database_url, database, signer, writer, Reader(database, LOG), maker)
