"""Opening a log: once, whoever comes first, and never over another log's rows."""

from __future__ import annotations

import asyncio

import pytest

from ledger.db import Database, open_database
from ledger.errors import ConfigError
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.statements.kinds import parse
from ledger.statements.log import LogOpened
from ledger.tree.checkpoints import LogSigner, open_checkpoint
from tests.unit.log.samples import ORIGIN


async def test_entry_0_opens_the_log_once(database_url: str, database: Database, signer: LogSigner) -> None:
    async with open_database(database_url) as other:
        await asyncio.gather(*(open_log(each, "main", ORIGIN, signer, 3) for each in (database, other) * 3))
    await open_log(database, "main", ORIGIN, signer, 9)
    reader = Reader(database, "main")
    assert (await reader.head()).size == 1
    (statement,) = await reader.statements(0, 10)
    opened = parse(statement)
    assert isinstance(opened, LogOpened)
    assert (opened.origin, opened.key, opened.wallet_delay) == (ORIGIN, signer.verifier_key.vkey, 3)
    assert open_checkpoint(await reader.checkpoint(), [signer.verifier_key]).size == 1


async def test_another_key_or_origin_is_refused(database: Database, signer: LogSigner) -> None:
    await open_log(database, "main", ORIGIN, signer, 3)
    before = await Reader(database, "main").head()
    with pytest.raises(ConfigError, match="key"):
        await open_log(database, "main", ORIGIN, LogSigner.generate(ORIGIN), 3)
    with pytest.raises(ConfigError, match="log of"):
        await open_log(database, "main", "example.org/other", LogSigner.generate("example.org/other"), 3)
    with pytest.raises(ConfigError, match="origin"):
        await open_log(database, "main", "example.org/other", signer, 3)
    assert await Reader(database, "main").head() == before


async def test_a_log_that_is_not_there_says_so(database: Database) -> None:
    with pytest.raises(ConfigError):
        await Reader(database, "main").head()
