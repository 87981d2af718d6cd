"""Changes of the schema beside processes that go on: one at a time, each lock waited for briefly and asked for again.

Whoever waits on PostgreSQL for a lock on a whole table makes everybody wait who comes after, so a change gives up after
``_LOCK_WAIT``, undoes what it did and lets the others through before its next try. On SQLite a change is a writer like
any other; it asks for the write lock as often as the writers do, or it would hardly ever get it from a busy one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db.engines import is_sqlite, migrating_engine, writing
from ledger.db.schemas import migrations
from ledger.db.urls import parse_url
from ledger.errors import ConfigError, DatabaseError

PATIENCE_SECONDS: Final = 120.0
"""How long one change is tried."""
_LOCK: Final = 0x63726F7764  # any number, the same for all
_LOCK_WAIT: Final = "1s"
_ALONE_POLL_SECONDS: Final = 0.1
_POSTGRES_PAUSE_SECONDS: Final = 0.5
_SQLITE_PAUSE_SECONDS: Final = 0.002
_BUSY_STATES: Final = ("55P03", "40P01")  # lock_not_available, deadlock_detected
_LONGEST: Final = """
SELECT pid, coalesce(nullif(application_name, ''), 'a program without name') AS name,
       extract(epoch FROM now() - xact_start)::bigint AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
ORDER BY xact_start LIMIT 1
"""

ResultT = TypeVar("ResultT")


class Changes:
    """The changes that one process makes, while no other makes any."""

    def __init__(self, url: URL, engine: AsyncEngine, alone: AsyncConnection | None) -> None:
        self.sqlite = is_sqlite(url)
        self._engine = engine
        self._alone = alone

    async def make(self, change: Callable[[Connection], ResultT]) -> ResultT:
        """Run ``change`` in a transaction of its own, again while others hold what it needs.

        Raises DatabaseError after two minutes, then with nothing changed.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                async with writing(self._engine).begin() as connection:
                    if not self.sqlite:
                        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                    return await connection.run_sync(change)
            except DBAPIError as error:
                if not _is_busy(error):
                    raise
                if time.monotonic() > deadline:
                    raise await self._too_busy() from error
            pause = _SQLITE_PAUSE_SECONDS if self.sqlite else _POSTGRES_PAUSE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - nothing to guess

    async def make_beside(self, change: Callable[[Connection], None]) -> None:
        """Run on PostgreSQL what cannot run in a transaction, each statement by itself: it keeps nobody waiting.

        Raises DatabaseError where it waits for the transactions of others for longer than two minutes.
        """
        if self._alone is None:
            return
        await self._alone.exec_driver_sql(f"SET lock_timeout = '{PATIENCE_SECONDS}s'")
        try:
            await self._alone.run_sync(change)
        except DBAPIError as error:
            if not _is_busy(error):
                raise
            raise await self._too_busy() from error

    async def _too_busy(self) -> DatabaseError:
        who = ""
        if self._alone is not None:
            for found in (await self._alone.exec_driver_sql(_LONGEST)).mappings():
                who = f" {found['name']} (pid {found['pid']}) has been in a transaction for {found['seconds']} s."
        return DatabaseError(
            f"Others held what the change needs for {PATIENCE_SECONDS:.0f} s, so it was not made.{who}",
            remedy="Let backups, audits and long queries end, or stop the service, and run it again.",
        )


def changing(url: str, work: Callable[[Changes], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """Do ``work`` while nobody else changes the schema. Raises ConfigError, DatabaseError.

    May be called with an event loop running: it uses a thread and a loop of its own.
    """
    parsed = parse_url(url)
    if is_sqlite(parsed) and not Path(str(parsed.database)).absolute().parent.is_dir():
        raise ConfigError(f"There is no folder for {parsed.database}.", remedy="Make the folder first.")
    return _in_thread(_change(parsed, work))


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration to run migrations on ``connection``."""
    config = Config()
    config.set_main_option("script_location", migrations().dir.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def reading(url: str, read: Callable[[Connection], ResultT]) -> ResultT:
    """What ``read`` finds, with nobody kept from anything. Raises ConfigError, DatabaseError; threads as above."""
    parsed = parse_url(url)
    if is_sqlite(parsed) and not Path(str(parsed.database)).exists():
        raise ConfigError(f"There is no database {parsed.database} yet.", remedy="Run 'crowdledger db upgrade'.")

    async def once() -> ResultT:
        async with _engine(parsed) as engine, engine.connect() as connection:
            return await connection.run_sync(read)

    return _in_thread(once())


async def _change(url: URL, work: Callable[[Changes], Coroutine[Any, Any, ResultT]]) -> ResultT:
    async with _engine(url) as engine, _alone(url, engine) as alone:
        return await work(Changes(url, engine, alone))


def _in_thread(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextlib.asynccontextmanager
async def _engine(url: URL) -> AsyncIterator[AsyncEngine]:
    engine = migrating_engine(url)
    try:
        yield engine
    except (SQLAlchemyError, CommandError, OSError) as error:
        raise DatabaseError(f"The database refused: {error}", remedy="Check the database URL and rights.") from error
    finally:
        await engine.dispose()


@contextlib.asynccontextmanager
async def _alone(url: URL, engine: AsyncEngine) -> AsyncIterator[AsyncConnection | None]:
    """A connection that holds the lock of those who change the schema; on SQLite each transaction is such a lock.

    It asks again and again, because an index that is made concurrently waits for every statement under way, so that
    one which waited for this lock and the one which holds it would wait for each other.
    """
    if is_sqlite(url):
        yield None
        return
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        ask = f"SELECT pg_try_advisory_lock({_LOCK})"
        while not (await connection.exec_driver_sql(ask)).scalar():  # noqa: ASYNC110 - another process ends it
            await asyncio.sleep(_ALONE_POLL_SECONDS)
        try:
            yield connection
        finally:
            with contextlib.suppress(SQLAlchemyError, OSError):  # the server ends it with the connection otherwise
                await connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")


def _is_busy(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(error.orig, "sqlstate", None) in _BUSY_STATES
