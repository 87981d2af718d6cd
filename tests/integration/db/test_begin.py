"""A transaction on a database that is not there, or goes away in it: one error of ours, however the driver says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, text
from sqlalchemy.exc import IntegrityError

from ledger.db import Database, open_database
from ledger.db.tables import leases
from ledger.errors import DatabaseError


@pytest.mark.parametrize("server", ["sqlite+aiosqlite:///{}/gone/log.db", "postgresql+asyncpg://a@/b?host={}/gone"])
async def test_a_database_that_is_not_there(tmp_path: Path, server: str) -> None:
    database = Database(make_url(server.format(tmp_path)))
    with pytest.raises(DatabaseError, match="does not answer"):
        async with database.begin():
            pass
    await database.close()


async def test_a_connection_that_breaks_in_the_middle(postgres_url: str) -> None:
    async with open_database(postgres_url) as database:
        with pytest.raises(DatabaseError, match="does not answer"):
            async with database.begin() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        async with database.begin() as connection:  # the next one has a connection of its own
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


async def test_what_the_block_raises_is_its_own(database_url: str) -> None:
    row = {"log": "main", "name": "worker", "holder": "a", "token": 1, "expires_at": 0}
    async with open_database(database_url) as database:
        with pytest.raises(IntegrityError):
            async with database.begin() as connection:
                await connection.execute(insert(leases).values([row, row]))
        with pytest.raises(FileNotFoundError):
            async with database.begin():
                raise FileNotFoundError("a file of the block's own")
