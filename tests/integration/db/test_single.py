"""Reads of one query hold no transaction open; connections stay open, and are not more than is said."""

from __future__ import annotations

import asyncio

import asyncpg
from sqlalchemy import text

from ledger.db import Database, open_database
from ledger.db.engines import MOST_CONNECTIONS

PID = text("SELECT pg_backend_pid()")


async def test_a_single_query_opens_no_transaction(postgres_url: str) -> None:
    other = await asyncpg.connect(postgres_url.replace("postgresql+asyncpg", "postgresql"))
    try:
        async with open_database(postgres_url) as database:
            states = []
            for engine in (database.engine, database.single, database.engine):
                async with engine.connect() as connection:
                    pid = (await connection.execute(PID)).scalar_one()
                    states.append(await other.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid))
            assert states == ["idle in transaction", "idle", "idle in transaction"]  # nothing stays with the pool
    finally:
        await other.close()


async def test_a_busy_moment_opens_no_connection_that_is_not_kept(postgres_url: str) -> None:
    async def ask(database: Database) -> set[int]:
        pids = set()
        for _ in range(20):
            async with database.single.connect() as connection:
                pids.add((await connection.execute(PID)).scalar_one())
            await asyncio.sleep(0.001)
        return pids

    async with open_database(postgres_url) as database:
        used = await asyncio.gather(*(ask(database) for _ in range(2 * MOST_CONNECTIONS)))
    assert len(set().union(*used)) <= MOST_CONNECTIONS


async def test_sqlite_reads_as_before(sqlite_database_url: str) -> None:
    async with open_database(sqlite_database_url) as database:
        assert database.single is database.engine
        async with database.single.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
