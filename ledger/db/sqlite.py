"""Appending on SQLite: the event loop computes, a thread waits for the disk.

All of a transaction but its commit runs on the event loop: it is planning in Python and a few milliseconds of SQLite's
own work in memory, during which a second thread would only fight for the interpreter. The commit, which writes and
syncs the file, is one call in a thread, and the loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import cast

import orjson
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from ledger.db import engines
from ledger.db.loading import Answers, DbRow, Lookup, Named, Queries, Query
from ledger.db.rows import Row
from ledger.db.store import Append, Execute, Insert, ResultT, Step, Work, append
from ledger.errors import DatabaseError

_WANTED = (
    "",
    "(SELECT value AS a FROM json_each(?2)) AS wanted",
    "(SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b FROM json_each(?2)) AS wanted",
    "(SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b, json_extract(value, '$[2]') AS c"
    " FROM json_each(?2)) AS wanted",
)
"""By the columns of a lookup. Texts are read in half the time of arrays of one; ``value ->> 0`` takes longer still."""
_ROWS_AT_ONCE = 64
_QUICK_COMMIT_SECONDS = 0.0007
"""About what it takes to the thread and back."""
_QUICK_LONE_COMMIT_SECONDS = 0.003
"""Where only one request came since the last group, there is little else to do than to wait for its commit."""
_LOCK_POLL_SECONDS = 0.002
"""Between two tries for a lock that another process holds."""


class SqliteStore:
    """Appends to one log of a SQLite file. See ``Store``."""

    def __init__(self, engine: Engine, log: str, check: Callable[[], None]) -> None:
        """``check`` raises DatabaseError where this process may not append any more."""
        self._engine = engine
        self._log = log
        self._check = check
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._connection: Connection | None = None
        self._closed = False
        self._commit_seconds = 1.0

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """See ``Store.append``."""
        self._check()
        try:
            driver = self._driver()
            await self._begin(driver)
            try:
                added, result = self._run(driver, named, work)
                if added:
                    await self._commit(driver, added)
            finally:
                if driver.in_transaction:  # some errors have ended it already
                    driver.execute("ROLLBACK")
            return result
        except (sqlite3.Error, SQLAlchemyError) as error:
            self._close()
            raise DatabaseError(f"The database refused: {error.__class__.__name__}.") from error

    async def close(self) -> None:
        """Close the connection and end the thread; once more does nothing."""
        if self._closed:
            return
        self._closed = True
        self._thread.shutdown()
        self._close()

    async def _begin(self, driver: sqlite3.Connection) -> None:
        """Take the file's write lock, waiting for it without keeping the event loop from other work."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + engines.BUSY_TIMEOUT_MS / 1000
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock() > deadline:
                    raise
            await asyncio.sleep(_LOCK_POLL_SECONDS)

    async def _commit(self, driver: sqlite3.Connection, entries: int) -> None:
        """Commit in the thread, unless the last one was quick."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        if self._commit_seconds < (_QUICK_COMMIT_SECONDS if entries > 1 else _QUICK_LONE_COMMIT_SECONDS):
            driver.execute("COMMIT")
        else:
            await self._commit_in_thread(driver)
        self._commit_seconds = clock() - begun

    async def _commit_in_thread(self, driver: sqlite3.Connection) -> None:
        """Whoever cancels this waits until it is over: the connection is in use till then."""
        committing = asyncio.get_running_loop().run_in_executor(self._thread, driver.execute, "COMMIT")
        try:
            await asyncio.shield(committing)
        except asyncio.CancelledError:
            await asyncio.wait([committing])
            raise

    def _driver(self) -> sqlite3.Connection:
        """The driver's own connection, made by the engine with what every connection must have set."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return cast(sqlite3.Connection, self._connection.connection.driver_connection)

    def _run(self, driver: sqlite3.Connection, named: Named, work: Work[ResultT]) -> tuple[int, ResultT]:
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
            answer = self._do(driver, step)

    def _do(self, driver: sqlite3.Connection, step: Step) -> Answers:
        match step:
            case Queries(asked):
                return [fetched(driver, self._log, each) for each in asked]
            case Append(tables, head):
                for each in tables:
                    self._do(driver, each)
                self._do(driver, head)
            case Insert(table, rows):
                for part in _parts(rows):
                    driver.execute(_insert(table, len(part)), [self._log, *chain.from_iterable(part)])
            case Execute(sql, parameters):
                driver.executemany(_placed(sql), [(self._log, *each) for each in parameters])
        return []

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


def fetched(driver: sqlite3.Connection, log: str, asked: Query | Lookup) -> list[DbRow]:
    """The rows that are found."""
    if isinstance(asked, Query):
        return driver.execute(_placed(asked.sql), (log, *asked.values)).fetchall()
    if not asked.rows:  # no row tells how many columns there would be
        return []
    columns = len(asked.rows[0])
    rows = [row[0] for row in asked.rows] if columns == 1 else asked.rows
    wanted = orjson.dumps(rows, tuple)  # it takes named tuples for something else
    return driver.execute(_placed(asked.sql, columns), (log, wanted.decode())).fetchall()


@functools.cache
def _placed(sql: str, columns: int = 0) -> str:
    """The SQL of a ``Query``, or of a ``Lookup`` of so many columns, with the driver's placeholders."""
    return sql.format("?2", "?3", "?4", "?5", "?6", log="?1", wanted=_WANTED[columns])


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in parts of 64, 32, ... and 1, so that there are few texts of statements to compile."""
    begin = 0
    while begin < len(rows):
        end = begin + min(_ROWS_AT_ONCE, 1 << ((len(rows) - begin).bit_length() - 1))
        yield rows[begin:end]
        begin = end


@functools.cache
def _insert(table: Table, rows: int) -> str:
    """SQL that inserts so many rows, which is quicker than so many calls: at each, other threads take the GIL.

    A row that is refused ends the transaction, as it would anyhow. SQLite need not keep a copy of each page that the
    statement changes then, to undo it alone: that would cost half as much again.
    """
    names = ", ".join(column.name for column in table.columns)
    width = len(table.columns) - 1
    marks = (", ".join(f"?{2 + row * width + each}" for each in range(width)) for row in range(rows))
    values = ", ".join(f"(?1, {each})" for each in marks)
    return f"INSERT OR ROLLBACK INTO {table.name} ({names}) VALUES {values}"  # noqa: S608 - names of our own tables
