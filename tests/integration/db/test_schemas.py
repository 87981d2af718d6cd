"""Which version runs on which schema: what the database says about itself decides, at the start and later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ledger.db import Database, migrate, open_database, outgrown
from ledger.db.downgrade import downgrade
from ledger.db.loading import Query
from ledger.db.migrate import look
from ledger.errors import ConfigError, DatabaseError
from ledger.log.opening import open_log
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree.checkpoints import LogSigner
from tests.integration.db.newer import HEAD, Newer
from tests.unit.log.samples import ORIGIN, Maker

SIGNER = LogSigner.generate(ORIGIN)
ADDED = 'op.create_table("added", sa.Column("id", sa.Text, primary_key=True))'
REMOVED = 'op.drop_table("added")'
_LOOKS = 1_000


@pytest.fixture
def newer(tmp_path: Path) -> Newer:
    return Newer(tmp_path)


async def opened(url: str) -> Database:
    async with open_database(url) as database:
        return database


async def test_code_runs_on_a_newer_schema_that_only_adds(newer: Newer, migrated_url: str) -> None:
    added = newer.add(ADDED, REMOVED, oldest=HEAD)
    with newer.version():
        assert migrate(migrated_url).now.schema == added
        await opened(migrated_url)
    await opened(migrated_url)
    found = look(migrated_url)
    assert (found.schema, found.oldest, found.own, found.runs) == (added, HEAD, HEAD, True)
    done = migrate(migrated_url)
    assert (done.before, done.now) == (added, found)


async def test_code_does_not_run_on_a_newer_schema_that_shuts_it_out(newer: Newer, migrated_url: str) -> None:
    strict = newer.add(ADDED, REMOVED)
    newest = newer.add(ADDED.replace("added", "more"), REMOVED.replace("added", "more"), oldest=HEAD)
    with newer.version():
        assert migrate(migrated_url).now.oldest == strict, "an older rule counts on"
        await opened(migrated_url)
    for refused in (opened(migrated_url), asyncio.to_thread(migrate, migrated_url)):
        with pytest.raises(
            ConfigError, match=f"schema {newest}, on which versions from schema {strict} on.*has {HEAD}"
        ):
            await refused
    assert not look(migrated_url).runs
    with newer.version():
        assert downgrade(migrated_url, strict).now.schema == strict
        assert look(migrated_url).goes_on
        assert downgrade(migrated_url, HEAD).now.schema == HEAD
        assert not look(migrated_url).goes_on
        with pytest.raises(ConfigError, match="db upgrade"):
            await opened(migrated_url)
    await opened(migrated_url)


async def test_a_schema_that_says_nothing_is_for_its_own_code(migrated_url: str) -> None:
    downgrade(migrated_url, "0012")
    found = look(migrated_url)
    assert (found.schema, found.oldest, found.runs) == ("0012", "0012", False)
    with pytest.raises(ConfigError, match="db upgrade"):
        await opened(migrated_url)


async def test_a_running_process_stops_where_it_is_shut_out_and_goes_on_where_it_is_not(
    newer: Newer, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgrown, "LOOK_SECONDS", 0.02)
    maker = Maker("stars", system_clock_ms())
    async with open_database(migrated_url) as database:
        await open_log(database, "main", ORIGIN, SIGNER, 3)
        async with Writer(database, "main", SIGNER) as writer:
            writer.allow_writes()
            await writer.write(maker.register())
            additive = newer.add(ADDED, REMOVED, oldest=HEAD)
            with newer.version():
                await asyncio.to_thread(migrate, migrated_url)
            await asyncio.sleep(0.3)
            await writer.write(maker.open_campaign())
            strict = newer.add("pass")
            with newer.version():
                await asyncio.to_thread(migrate, migrated_url)
            await becomes(database, out=True)
            with pytest.raises(DatabaseError, match=f"schema {strict}; this process is of schema {HEAD}"):
                await writer.write(maker.submit("ann"))
            with pytest.raises(DatabaseError):
                await database.begin().__aenter__()
            with newer.version():
                await asyncio.to_thread(downgrade, migrated_url, additive)
            await becomes(database, out=False)
            assert (await writer.write(maker.submit("ann"))).index == 3


async def becomes(database: Database, *, out: bool) -> None:
    for _ in range(_LOOKS):
        if await is_shut_out(database) is out:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"is never {'' if out else 'no longer '}shut out")


async def is_shut_out(database: Database) -> bool:
    try:
        await database.fetch("main", [Query("SELECT size FROM logs WHERE name = {log}", ())])
    except DatabaseError:
        return True
    return False
