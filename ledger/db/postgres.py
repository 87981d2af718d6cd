"""Appending on PostgreSQL: asyncpg under the async engine, COPY for the rows."""

from __future__ import annotations

import functools
from typing import cast

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db.loading import DbRow, Lookup, Named, Query
from ledger.db.store import HEAD_SQL, Execute, Insert, ResultT, Step, Work, append
from ledger.errors import CrowdLedgerError, DatabaseError

_WANTED = (
    "",
    "unnest($2::text[]) AS wanted(a)",
    "unnest($2::text[], $3::text[]) AS wanted(a, b)",
    "unnest($2::text[], $3::text[], $4::text[]) AS wanted(a, b, c)",
)
_FAILURES = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke in the middle of something
    OSError,
)


class PostgresStore:
    """Appends to one log of a PostgreSQL database. See ``Store``."""

    def __init__(self, engine: AsyncEngine, log: str) -> None:
        self._engine = engine
        self._log = log

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """See ``Store.append``."""
        try:
            async with self._engine.connect() as connection:
                try:
                    return await self._append(connection, named, work)
                except CrowdLedgerError:
                    raise
                except BaseException as error:  # the connection may be half way through anything: give it up
                    await connection.invalidate(error)
                    raise
        except _FAILURES as error:
            raise DatabaseError(f"The database refused: {error.__class__.__name__}.") from error

    async def close(self) -> None:
        """The engine is the database's to close."""

    async def _append(self, connection: AsyncConnection, named: Named, work: Work[ResultT]) -> ResultT:
        driver = await self._driver(connection)
        if driver.is_closed():  # the server restarted, or ended it, while nobody used it
            await connection.invalidate()
            driver = await self._driver(connection)
        transaction = driver.transaction()
        await transaction.start()
        try:
            changed, result = await self._run(driver, named, work)
        except CrowdLedgerError:
            await transaction.rollback()
            raise
        await (transaction.commit() if changed else transaction.rollback())
        return result

    async def _driver(self, connection: AsyncConnection) -> asyncpg.Connection:
        return cast(asyncpg.Connection, (await connection.get_raw_connection()).driver_connection)

    async def _run(self, driver: asyncpg.Connection, named: Named, work: Work[ResultT]) -> tuple[bool, ResultT]:
        steps = append(named, work)
        answer: list[DbRow] = []
        started = False
        while True:
            try:
                step = steps.send(answer) if started else next(steps)
            except StopIteration as end:
                outcome: tuple[bool, ResultT] = end.value
                return outcome
            started = True
            answer = await self._do(driver, step)

    async def _do(self, driver: asyncpg.Connection, step: Step) -> list[DbRow]:
        match step:
            case Query(sql, values):
                return [tuple(row) for row in await driver.fetch(_placed(sql), self._log, *values)]
            case Lookup(sql, wanted):
                columns = list(zip(*wanted, strict=True))
                return [tuple(row) for row in await driver.fetch(_placed(sql, len(columns)), self._log, *columns)]
            case Insert(table, rows):
                records = [(self._log, *row) for row in rows]
                await driver.copy_records_to_table(table.name, records=records, columns=table.columns.keys())
            case Execute(sql, parameters):
                await driver.executemany(_placed(sql), [(self._log, *each) for each in parameters])
        return []


@functools.cache
def _placed(sql: str, columns: int = 0) -> str:
    locked = sql + " FOR UPDATE" if sql is HEAD_SQL else sql
    return locked.format("$2", "$3", "$4", "$5", "$6", log="$1", wanted=_WANTED[columns])
