"""Quick reads by key for what is asked for often: several queries straight to the driver, in one hop.

A read through the async engine costs some ten times what SQLite needs to find a row by its key.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, cast

import asyncpg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.db import postgres, sqlite
from ledger.db.loading import DbRow, Lookup, Query
from ledger.errors import DatabaseError

Asked = Query | Lookup


class Fetch(Protocol):
    """Reads committed rows."""

    async def fetch(self, log: str, asked: Sequence[Asked]) -> list[list[DbRow]]:
        """The rows of each query, in order; later queries may see later commits. Raises DatabaseError."""
        ...

    async def close(self) -> None:
        """Give up connections and threads."""
        ...


class SqliteFetch:
    """Reads a SQLite file on a thread and a connection of its own, both made when first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-fetch")
        self._connection: Connection | None = None

    async def fetch(self, log: str, asked: Sequence[Asked]) -> list[list[DbRow]]:
        """See ``Fetch.fetch``."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._fetch, log, asked)

    async def close(self) -> None:
        """See ``Fetch.close``."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _fetch(self, log: str, asked: Sequence[Asked]) -> list[list[DbRow]]:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            driver = cast(sqlite3.Connection, self._connection.connection.driver_connection)
            return [sqlite.fetched(driver, log, each) for each in asked]
        except (sqlite3.Error, SQLAlchemyError) as error:
            self._close()
            raise DatabaseError(f"The database does not answer: {error.__class__.__name__}.") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


class PostgresFetch:
    """Reads a PostgreSQL database through a connection of the engine's pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def fetch(self, log: str, asked: Sequence[Asked]) -> list[list[DbRow]]:
        """See ``Fetch.fetch``."""
        try:
            async with self._engine.connect() as connection:
                try:
                    driver = await postgres.live_driver(connection)
                    return [await _fetched(driver, log, each) for each in asked]
                except BaseException as error:  # the connection may be half way through an answer: give it up
                    await connection.invalidate(error)
                    raise
        except postgres.FAILURES as error:
            raise DatabaseError(f"The database does not answer: {error.__class__.__name__}.") from error

    async def close(self) -> None:
        """The engine is the database's to close."""


async def _fetched(driver: asyncpg.Connection, log: str, asked: Asked) -> list[DbRow]:
    if isinstance(asked, Query):
        return [tuple(row) for row in await driver.fetch(postgres.placed(asked.sql), log, *asked.values)]
    if not asked.rows:  # no row tells how many columns there would be
        return []
    columns = list(zip(*asked.rows, strict=True))
    return [tuple(row) for row in await driver.fetch(postgres.placed(asked.sql, len(columns)), log, *columns)]
