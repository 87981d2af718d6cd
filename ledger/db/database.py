"""One database: its engine for reads, its stores for appending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db import engines
from ledger.db.fetch import Asked, Fetch, PostgresFetch, SqliteFetch
from ledger.db.loading import DbRow
from ledger.db.outgrown import Watch
from ledger.db.postgres import FAILURES, PostgresStore
from ledger.db.schemas import Standing, check_schema
from ledger.db.sqlite import SqliteStore
from ledger.db.store import Store
from ledger.db.unfinished import check_finished
from ledger.db.urls import parse_url
from ledger.errors import ConfigError, DatabaseError


class Database:
    """An open database.

    ``engine`` is for reads, ``single`` for those of one query, ``fetch`` for quick ones; ``begin()`` for the worker's
    rows; ``store(log)`` appends.
    """

    def __init__(self, url: URL) -> None:
        """Use :func:`open_database`, which also checks the schema."""
        self._url = url
        self.engine: AsyncEngine = engines.async_engine(url, engines.COMMAND_TIMEOUT_SECONDS)
        self.single: AsyncEngine = engines.reading(self.engine)
        sqlite = engines.is_sqlite(url)
        self._fetch: Fetch = (
            SqliteFetch(engines.sqlite_engine(url, appending=False)) if sqlite else PostgresFetch(self.engine)
        )
        self._stores: list[Store] = []
        self._watch: Watch | None = None
        self._watching: asyncio.Task[None] | None = None

    def watch(self, standing: Standing) -> None:
        """From now on raise DatabaseError once the schema is one on which this process, which began so, may not run."""
        self._watch = Watch(standing)
        self._watching = asyncio.create_task(self._watch.run(self.engine))

    async def fetch(self, log: str, asked: Sequence[Asked]) -> list[list[DbRow]]:
        """The committed rows that each query finds, in one hop to the driver. Raises DatabaseError."""
        self._check()
        return await self._fetch.fetch(log, asked)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes (on SQLite it waits for the write lock first); commits at the block's end.

        Raises DatabaseError where the database does not answer or refuses. IntegrityError passes: a row that is there
        already is for the block's author to judge.
        """
        self._check()
        begun = False
        try:
            async with engines.writing(self.engine).begin() as connection:
                begun = True
                yield connection
        except IntegrityError:
            raise
        except FAILURES as error:
            if begun and isinstance(error, OSError):
                raise  # the block's own; the driver wraps those of a connection that was there
            raise DatabaseError(f"The database does not answer ({error.__class__.__name__}).") from error

    def store(self, log: str) -> Store:
        """The store that appends to the log of this name. Closed with the database."""
        store: Store
        if engines.is_sqlite(self._url):
            store = SqliteStore(engines.sqlite_engine(self._url, appending=True), log, self._check)
        else:
            store = PostgresStore(self.engine, log, self._check)
        self._stores.append(store)
        return store

    async def close(self) -> None:
        """Give up all connections."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        for store in self._stores:
            await store.close()
        await self._fetch.close()
        await self.engine.dispose()

    def _check(self) -> None:
        if self._watch is not None:
            self._watch.check()


@asynccontextmanager
async def open_database(url: str, *, unfinished: bool = False) -> AsyncIterator[Database]:
    """Open a database for the block. Raises ConfigError where its schema or durability is not what is needed, or a
    restore into it has not ended: only that restore opens it ``unfinished``.
    """
    parsed = parse_url(url)
    _check_exists(parsed)
    database = Database(parsed)
    try:
        try:
            async with database.engine.connect() as connection:
                standing = await connection.run_sync(check_schema)
                if not engines.is_sqlite(parsed) and not unfinished:
                    await check_finished(connection)
            if not engines.is_sqlite(parsed):
                await engines.check_durable(database.engine)
        except (SQLAlchemyError, OSError, UnicodeDecodeError) as error:  # the last: a damaged schema, quoted
            raise DatabaseError(
                f"The database cannot be opened: {error}", remedy="Check the database URL and that the server runs."
            ) from error
        database.watch(standing)
        yield database
    finally:
        await database.close()


def _check_exists(url: URL) -> None:
    """SQLite would make an empty file where there is none."""
    if engines.is_sqlite(url) and not Path(str(url.database)).exists():
        raise ConfigError(f"There is no database {url.database} yet.", remedy="Run 'crowdledger db upgrade'.")
