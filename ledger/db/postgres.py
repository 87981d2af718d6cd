"""Appending on PostgreSQL: asyncpg under the async engine; a few rows go by one statement, many by COPY."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterable, Sequence
from typing import cast

import asyncpg
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db.loading import DbRow, Lookup, Named, Query
from ledger.db.store import HEAD_SQL, Execute, Insert, Inserts, ResultT, Step, Work, append
from ledger.errors import CrowdLedgerError, DatabaseError

_WANTED = (
    "",
    "unnest($2::text[]) AS wanted(a)",
    "unnest($2::text[], $3::text[]) AS wanted(a, b)",
    "unnest($2::text[], $3::text[], $4::text[]) AS wanted(a, b, c)",
)
_LISTED = {"= wanted.a": "= ANY($2::text[])", "= wanted.b": "= ANY($3::text[])", "= wanted.c": "= ANY($4::text[])"}
_FEW_ROWS = 400
"""Up to here one statement for all tables is quicker than a COPY for each, which takes two answers of the server."""
_FEW_COMBINATIONS = 64
_TYPES = {Text: "text", BigInteger: "bigint", Integer: "integer", LargeBinary: "bytea", Boolean: "boolean"}
_WRITER_SETTINGS = """
SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"""
"""Every query of an append finds a few rows by an index, and is told so, for its plan is kept from when the tables were
small. To plan it each time would take longer than the query."""
FAILURES = (
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
        self._connection: AsyncConnection | None = None
        """Kept from one group to the next: to take one out of the pool and give it back costs as much as a query."""

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """See ``Store.append``."""
        try:
            driver = await self._driver()
            await driver.execute("BEGIN")
            try:
                changed, result = await self._run(driver, named, work)
            except CrowdLedgerError:
                await driver.execute("ROLLBACK")
                raise
            await driver.execute("COMMIT" if changed else "ROLLBACK")
            return result
        except CrowdLedgerError:
            raise
        except BaseException as error:  # the connection may be half way through anything: give it up
            await self._give_up(error)
            if isinstance(error, FAILURES):
                raise DatabaseError(f"The database refused: {error.__class__.__name__}.") from error
            raise

    async def close(self) -> None:
        """Close the connection; the engine is the database's to close."""
        await self._give_up(None)

    async def _driver(self) -> asyncpg.Connection:
        """The connection, made anew with its settings where there is none or the server ended it."""
        if self._connection is not None:
            driver = await _driver_of(self._connection)
            if not driver.is_closed():
                return driver
            await self._give_up(None)
        self._connection = await self._engine.connect()
        driver = await live_driver(self._connection)
        await driver.execute(_WRITER_SETTINGS)
        return driver

    async def _give_up(self, error: BaseException | None) -> None:
        """Close the connection for good: nobody else may get it with our settings."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                await connection.invalidate(error)
                await connection.close()

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
                return [tuple(row) for row in await driver.fetch(placed(sql), self._log, *values)]
            case Lookup(sql, wanted):
                found: list[DbRow] = []
                for part in _lists(wanted):
                    columns = list(zip(*part, strict=True))
                    found += map(tuple, await driver.fetch(_listed(sql), self._log, *columns))
                return found
            case Inserts(inserts) if sum(len(each.rows) for each in inserts) <= _FEW_ROWS:
                columns = [column for each in inserts for column in zip(*each.rows, strict=True)]
                await driver.execute(_insert_all(tuple(each.table for each in inserts)), self._log, *columns)
            case Inserts(inserts):
                for each in inserts:
                    await self._do(driver, each)
            case Insert(table, rows):
                records = [(self._log, *row) for row in rows]
                await driver.copy_records_to_table(table.name, records=records, columns=table.columns.keys())
            case Execute(sql, parameters):
                await driver.executemany(placed(sql), [(self._log, *each) for each in parameters])
        return []


async def live_driver(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection, a new one if the server ended it while nobody used it."""
    driver = await _driver_of(connection)
    if not driver.is_closed():
        return driver
    await connection.invalidate()
    return await _driver_of(connection)


async def _driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    return cast(asyncpg.Connection, (await connection.get_raw_connection()).driver_connection)


@functools.cache
def _insert_all(tables: tuple[Table, ...]) -> str:
    """SQL that inserts rows into several tables at once; after the log's name comes an array for each column."""
    parts = []
    number = 1
    for table in tables:
        types = [_TYPES[type(column.type)] for column in table.columns][1:]
        arrays = ", ".join(f"${number + place}::{each}[]" for place, each in enumerate(types, 1))
        number += len(types)
        names = ", ".join(column.name for column in table.columns)
        parts.append(f"{table.name}_rows AS (INSERT INTO {table.name} ({names}) SELECT $1, * FROM unnest({arrays}))")  # noqa: S608 - names of our own tables
    return f"WITH {', '.join(parts)} SELECT 1"


@functools.cache
def placed(sql: str, columns: int = 0) -> str:
    """The SQL of a ``Query``, or of a ``Lookup`` of so many columns, with the driver's placeholders."""
    locked = sql + " FOR UPDATE" if sql is HEAD_SQL else sql
    return locked.format("$2", "$3", "$4", "$5", "$6", log="$1", wanted=_WANTED[columns])


def _lists(wanted: Sequence[tuple[str, ...]]) -> Iterable[Sequence[tuple[str, ...]]]:
    """``wanted`` in parts to be listed: whole, or by all columns but the last where the lists would combine to much
    more than what is wanted, such as the same numbers as external ids on each of many platforms.
    """
    combinations = math.prod(len(set(column)) for column in zip(*wanted, strict=True))
    if combinations <= max(_FEW_COMBINATIONS, 2 * len(wanted)):
        return [wanted]
    parts: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in wanted:
        parts.setdefault(row[:-1], []).append(row)
    return parts.values()


@functools.cache
def _listed(sql: str) -> str:
    """The SQL of a ``Lookup``, each column of a row being one of those wanted: no join, so that an index serves it
    whatever the tables hold. It may find more, such as the second column of another wanted row: true all the same.
    """
    for joined, listed in _LISTED.items():
        sql = sql.replace(joined, listed)
    return sql.replace("{wanted} CROSS JOIN ", "").format(log="$1")
