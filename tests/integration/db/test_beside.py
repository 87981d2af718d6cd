"""Migrations beside processes that write, on both databases: nobody is refused, and nobody waits for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.db import Database, changing, migrate, open_database, outgrown
from ledger.db.changing import reading
from ledger.db.downgrade import downgrade
from ledger.db.schemas import declared
from ledger.errors import DatabaseError
from ledger.log.opening import open_log
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree.checkpoints import LogSigner
from tests.integration.db.newer import HEAD, Newer
from tests.unit.log.samples import ORIGIN, Maker

SIGNER = LogSigner.generate(ORIGIN)
INDEX = 'op.create_index("ix_added", "contributions", ["log", "at_ms"], **beside_writers())'
NO_INDEX = 'op.drop_index("ix_added", "contributions")'
COLUMN, NO_COLUMN = 'op.add_column("contributions", sa.Column("x", sa.Text))', 'op.drop_column("contributions", "x")'
_BEHIND_A_LOCK_SECONDS = 10.0
"""Nobody waits longer for a write: the lock is waited for during one second; the rest is for a slow machine."""


class Busy:
    """Writes one contribution after the other; ``waits`` are the seconds that each took."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.maker = Maker("stars", system_clock_ms())
        self.waits: list[float] = []

    async def run(self, writer: Writer) -> None:
        while True:
            began = time.monotonic()
            await writer.write(self.maker.submit("ann"))
            self.waits.append(time.monotonic() - began)
            await asyncio.sleep(0.005)

    async def more(self, count: int = 5) -> None:
        """Wait until so many more are written."""
        aim = len(self.waits) + count
        for _ in range(6_000):
            if len(self.waits) >= aim:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing is written any more")


@asynccontextmanager
async def busy(url: str) -> AsyncIterator[Busy]:
    """Somebody who writes during the block."""
    async with open_database(url) as database:
        await open_log(database, "main", ORIGIN, SIGNER, 3)
        async with Writer(database, "main", SIGNER) as writer, asyncio.TaskGroup() as tasks:
            writer.allow_writes()
            found = Busy(database)
            await writer.write(found.maker.register())
            await writer.write(found.maker.open_campaign())
            running = tasks.create_task(found.run(writer))
            await found.more()
            yield found
            await found.more()
            running.cancel()


@pytest.mark.long
async def test_schemas_change_while_entries_are_written(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this code reads and writes for contributions is in the schema 0012 too, so it stands for code of that."""
    monkeypatch.setattr(outgrown, "LOOK_SECONDS", 3_600.0)
    async with busy(migrated_url) as writing:
        await asyncio.to_thread(downgrade, migrated_url, "0012")
        await writing.more()
        await asyncio.to_thread(migrate, migrated_url)
    assert max(writing.waits) < _BEHIND_A_LOCK_SECONDS


@pytest.mark.long
async def test_a_change_waits_briefly_and_again_for_a_table_that_is_read_for_long(
    tmp_path: Path, postgres_url: str
) -> None:
    """A backup reads every table for its whole time; who writes meanwhile must not wait behind a change that waits."""
    newer = Newer(tmp_path)
    added = newer.add(COLUMN, NO_COLUMN, oldest=HEAD)
    async with busy(postgres_url) as writing, writing.database.engine.connect() as reader:
        await reader.execute(text("SELECT count(*) FROM contributions"))
        with newer.version():
            changed = asyncio.create_task(asyncio.to_thread(migrate, postgres_url))
            await asyncio.sleep(1.5)
            assert not changed.done()
            await writing.more()
            await reader.rollback()
            assert (await changed).now.schema == added
    assert max(writing.waits) < _BEHIND_A_LOCK_SECONDS


@pytest.mark.long
@pytest.mark.parametrize("change", [(COLUMN, NO_COLUMN, ""), (INDEX, NO_INDEX, "only_indexes = True")])
async def test_a_change_gives_up_and_says_who_is_in_its_way(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str, str]
) -> None:
    monkeypatch.setattr(changing, "PATIENCE_SECONDS", 1.5)
    newer = Newer(tmp_path)
    upgrade, back, more = change
    added = newer.add(upgrade, back, oldest=HEAD, more=more)
    async with open_database(postgres_url) as database, database.engine.connect() as reader:
        await reader.execute(text("SET application_name = 'a backup'"))
        await reader.execute(text("LOCK TABLE contributions IN ROW EXCLUSIVE MODE"))
        with newer.version():
            with pytest.raises(DatabaseError, match=r"held what the change needs for .* a backup \(pid \d+\)"):
                await asyncio.to_thread(migrate, postgres_url)
            assert reading(postgres_url, declared)[0] == HEAD
            await reader.rollback()
            assert (await asyncio.to_thread(migrate, postgres_url)).now.schema == added


async def test_a_change_gives_up_where_another_writer_never_ends(
    tmp_path: Path, sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "PATIENCE_SECONDS", 0.3)
    newer = Newer(tmp_path)
    added = newer.add(COLUMN, NO_COLUMN, oldest=HEAD)
    async with open_database(sqlite_database_url) as database:
        with newer.version():
            async with database.begin():
                with pytest.raises(DatabaseError, match="Others held"):
                    await asyncio.to_thread(migrate, sqlite_database_url)
            assert (await asyncio.to_thread(migrate, sqlite_database_url)).now.schema == added


@pytest.mark.long
async def test_an_index_is_made_beside_writers(tmp_path: Path, postgres_url: str) -> None:
    """It waits for a transaction that is under way, and nobody waits for it; what broke off is made anew."""
    newer = Newer(tmp_path)
    newer.add(INDEX, NO_INDEX, oldest=HEAD, more="only_indexes = True")
    async with busy(postgres_url) as writing, writing.database.engine.connect() as other:
        broken = "CREATE INDEX ix_added ON contributions (log, at_ms)", "UPDATE pg_index SET indisvalid = false"
        for statement in (broken[0], f"{broken[1]} WHERE indexrelid = 'ix_added'::regclass"):
            await other.execute(text(statement))
        await other.commit()
        await other.execute(text("LOCK TABLE contributions IN ROW EXCLUSIVE MODE"))
        with newer.version():
            changed = asyncio.create_task(asyncio.to_thread(migrate, postgres_url))
            await until(lambda: is_asked(writing.database, "DROP INDEX CONCURRENTLY"))
            await writing.more()
            await other.rollback()
            await changed
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_added'::regclass"
        assert (await other.execute(text(valid))).scalar_one()
        await other.rollback()
        with newer.version():
            await asyncio.to_thread(downgrade, postgres_url, HEAD)
        await other.execute(text("LOCK TABLE contributions IN ROW EXCLUSIVE MODE"))
        with newer.version():
            changed = asyncio.create_task(asyncio.to_thread(migrate, postgres_url))
            await until(lambda: is_asked(writing.database, "CREATE INDEX CONCURRENTLY"))
            await writing.more()
            await other.rollback()
            await changed
    assert max(writing.waits) < _BEHIND_A_LOCK_SECONDS


async def is_asked(database: Database, begin: str) -> bool:
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE :begin AND state = 'active'")
    async with database.engine.connect() as connection:
        return bool((await connection.execute(asked, {"begin": f"{begin}%"})).scalar())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(3_000):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never")


async def test_a_role_whose_queries_are_limited_can_still_change_the_schema(tmp_path: Path, postgres_url: str) -> None:
    newer = Newer(tmp_path)
    added = newer.add('op.execute("SELECT pg_sleep(0.1)")', oldest=HEAD)
    async with open_database(postgres_url) as database, database.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE {database.engine.url.database} SET statement_timeout = '50ms'"))
    with newer.version():
        assert (await asyncio.to_thread(migrate, postgres_url)).now.schema == added
