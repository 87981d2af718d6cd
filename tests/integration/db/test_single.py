"""Reads of one query hold no transaction open, and see what others commit."""

from __future__ import annotations

import asyncpg
from sqlalchemy import text

from ledger.db import open_database

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


async def test_sqlite_reads_as_before(sqlite_database_url: str) -> None:
    async with open_database(sqlite_database_url) as database:
        assert database.single is database.engine
        async with database.single.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
