"""Appending on PostgreSQL: asyncpg under the async engine; a few rows go by one statement, many by COPY."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple, cast

import asyncpg
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db.loading import LEASE_SQL, Answers, Lookup, Named, Queries, Query
from ledger.db.store import Append, Execute, Insert, ResultT, Step, Work, append
from ledger.errors import CrowdLedgerError, DatabaseError

_WANTED = (
    "",
    "unnest($2::text[]) AS wanted(a)",
    "unnest($2::text[], $3::text[]) AS wanted(a, b)",
    "unnest($2::text[], $3::text[], $4::text[]) AS wanted(a, b, c)",
)
_LISTED = {"= wanted.a": "= ANY({0}::text[])", "= wanted.b": "= ANY({1}::text[])", "= wanted.c": "= ANY({2}::text[])"}
_FEW_ROWS = 400
"""Up to here one statement for all tables is quicker than a COPY for each, which takes two answers of the server."""
_FEW_COMBINATIONS = 64
_MOST_VALUES = 5
"""Of a query."""
_TEXTS_KEPT = 256
_TYPES = {Text: "text", BigInteger: "bigint", Integer: "integer", LargeBinary: "bytea", Boolean: "boolean"}
_WRITER_SETTINGS = """
SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"""
"""Every query of an append finds a few rows by an index, and is told so, for its plan is kept from when the tables were
small. To plan it each time would take longer than the query."""
_LOCK = "SELECT format('PREPARE lock_head AS SELECT 1 FROM logs WHERE name = %L FOR UPDATE', $1::text)"
_BEGIN = "BEGIN; EXECUTE lock_head"
"""One message. All reading comes after it: a statement sees what was committed before it began."""
FAILURES = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke in the middle of something
    OSError,
)
"""What the drivers raise where a database does not answer or refuses; whoever asks through them tells DatabaseError."""
GONE = (*FAILURES, DatabaseError)
"""The same, told already or not: for what goes on when the database is back."""


class _Statement(NamedTuple):
    """SQL with placeholders as in ``Query``; of a lookup each value is a list."""

    sql: str
    values: Sequence[object]


class PostgresStore:
    """Appends to one log of a PostgreSQL database. See ``Store``."""

    def __init__(self, engine: AsyncEngine, log: str, check: Callable[[], None]) -> None:
        """``check`` raises DatabaseError where this process may not append any more."""
        self._engine = engine
        self._log = log
        self._check = check
        self._connection: AsyncConnection | None = None
        """Kept from one group to the next: to take one out of the pool and give it back costs as much as a query."""

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """See ``Store.append``."""
        self._check()
        try:
            driver = await self._driver()
            await driver.execute(_BEGIN)
            try:
                added, result = await self._run(driver, named, work)
            except CrowdLedgerError:
                await driver.execute("ROLLBACK")
                raise
            await driver.execute("COMMIT" if added else "ROLLBACK")
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
        await driver.execute(await driver.fetchval(_LOCK, self._log))
        return driver

    async def _give_up(self, error: BaseException | None) -> None:
        """Close the connection for good: nobody else may get it with our settings."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                await connection.invalidate(error)
                await connection.close()

    async def _run(self, driver: asyncpg.Connection, named: Named, work: Work[ResultT]) -> tuple[int, ResultT]:
        steps = append(named, work)
        answer: Answers = []
        started = False
        while True:
            try:
                step = steps.send(answer) if started else next(steps)
            except StopIteration as end:
                outcome: tuple[int, ResultT] = end.value
                return outcome
            started = True
            answer = await self._do(driver, step)

    async def _do(self, driver: asyncpg.Connection, step: Step) -> Answers:
        match step:
            case Queries(asked):
                return await self._ask(driver, asked)
            case Append(tables, head) if sum(len(each.rows) for each in tables) <= _FEW_ROWS:
                columns = [column for each in tables for column in zip(*each.rows, strict=True)]
                sql = _append(tuple(each.table for each in tables), head.sql)
                await driver.execute(sql, self._log, *columns, *head.rows[0])
            case Append(tables, head):
                for each in tables:
                    await self._do(driver, each)
                await self._do(driver, head)
            case Insert(table, rows):
                records = [(self._log, *row) for row in rows]
                await driver.copy_records_to_table(table.name, records=records, columns=table.columns.keys())
            case Execute(sql, parameters):
                await driver.executemany(placed(sql), [(self._log, *each) for each in parameters])
        return []

    async def _ask(self, driver: asyncpg.Connection, asked: Sequence[Query | Lookup]) -> Answers:
        """Ask all that can stand in one statement at once."""
        statements = [(number, each) for number, one in enumerate(asked) for each in _statements(one)]
        if len(statements) == len(asked) > 1:
            sql = _all_of(tuple((each.sql, len(each.values)) for _, each in statements))
            values = chain.from_iterable(each.values for _, each in statements)
            (row,) = await driver.fetch(sql, self._log, *values)
            return [list(map(tuple, found)) for found in row]
        answers: Answers = [[] for _ in asked]
        for number, each in statements:
            answers[number] += map(tuple, await driver.fetch(placed(each.sql), self._log, *each.values))
        return answers


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
def _append(tables: tuple[Table, ...], head: str) -> str:
    """SQL that inserts rows into several tables and sets the head; after the log's name comes an array for each column,
    then the head's values.
    """
    parts = []
    number = 1
    for table in tables:
        types = [_TYPES[type(column.type)] for column in table.columns][1:]
        arrays = ", ".join(f"${number + place}::{each}[]" for place, each in enumerate(types, 1))
        number += len(types)
        names = ", ".join(column.name for column in table.columns)
        parts.append(f"{table.name}_rows AS (INSERT INTO {table.name} ({names}) SELECT $1, * FROM unnest({arrays}))")  # noqa: S608 - names of our own tables
    return f"WITH {', '.join(parts)} {placed(head, first=number + 1)}"


@functools.lru_cache(_TEXTS_KEPT)
def _all_of(asked: tuple[tuple[str, int], ...]) -> str:
    """SQL that runs several queries of so many values: one row, in it an array of what each finds."""
    arrays = []
    first = 2
    for sql, values in asked:
        arrays.append(f"ARRAY(SELECT found FROM ({placed(sql, first=first)}) AS found)")  # noqa: S608 - our own words
        first += values
    return f"SELECT {', '.join(arrays)}"


@functools.cache
def placed(sql: str, columns: int = 0, first: int = 2) -> str:
    """The SQL of a ``Query``, or of a ``Lookup`` of so many columns; its placeholders count from ``first`` on."""
    values = (f"${first + place}" for place in range(_MOST_VALUES))
    shared = sql + " FOR SHARE" if sql is LEASE_SQL else sql  # whoever takes the lease waits for our commit
    return shared.format(*values, log="$1", wanted=_WANTED[columns])


def _statements(asked: Query | Lookup) -> list[_Statement]:
    """The statements that answer a query: one, or several where lists would combine to much more than what is wanted,
    such as the same numbers as external ids on each of many platforms. There all columns but the last are one value.
    """
    if isinstance(asked, Query):
        return [_Statement(asked.sql, asked.values)]
    columns = list(zip(*asked.rows, strict=True))
    sql = _listed(asked.sql)
    if math.prod(len(set(column)) for column in columns) <= max(_FEW_COMBINATIONS, 2 * len(asked.rows)):
        return [_Statement(sql, columns)]
    parts: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in asked.rows:
        parts.setdefault(row[:-1], []).append(row)
    return [_Statement(sql, list(zip(*part, strict=True))) for part in parts.values()]


@functools.cache
def _listed(sql: str) -> str:
    """The SQL of a ``Lookup``, each column of a row being one of those wanted: no join, so that an index serves it
    whatever the tables hold. It may find more, such as the second column of another wanted row: true all the same.
    """
    for joined, listed in _LISTED.items():
        sql = sql.replace(joined, listed)
    return sql.replace("{wanted} CROSS JOIN ", "")
