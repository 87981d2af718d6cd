"""Appending on SQLite: a whole transaction in one hop to a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from ledger.db.loading import DbRow, Lookup, Named, Query
from ledger.db.store import Execute, Insert, ResultT, Step, Work, append
from ledger.errors import DatabaseError

_WANTED = "(SELECT value ->> 0 AS a, value ->> 1 AS b, value ->> 2 AS c FROM json_each(?2)) AS wanted"


class SqliteStore:
    """Appends to one log of a SQLite file. See ``Store``."""

    def __init__(self, engine: Engine, log: str) -> None:
        self._engine = engine.execution_options(crowdledger_write=True)
        self._log = log
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._connection: Connection | None = None
        self._closed = False

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """See ``Store.append``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, functools.partial(self._append, named, work))

    async def close(self) -> None:
        """Close the connection and end the thread; once more does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _append(self, named: Named, work: Work[ResultT]) -> ResultT:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin() as transaction:
                changed, result = self._run(self._connection, named, work)
                if not changed:
                    transaction.rollback()
            return result
        except SQLAlchemyError as error:
            self._close()
            raise DatabaseError(f"The database refused: {error.__class__.__name__}.") from error

    def _run(self, connection: Connection, named: Named, work: Work[ResultT]) -> tuple[bool, ResultT]:
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
            answer = self._do(connection, step)

    def _do(self, connection: Connection, step: Step) -> list[DbRow]:
        match step:
            case Query(sql, values):
                return [tuple(row) for row in connection.exec_driver_sql(_placed(sql), (self._log, *values))]
            case Lookup(sql, wanted):
                values = (self._log, json.dumps(wanted, ensure_ascii=False))
                return [tuple(row) for row in connection.exec_driver_sql(_placed(sql), values)]
            case Insert(table, rows):
                connection.exec_driver_sql(_insert(table), [(self._log, *row) for row in rows])
            case Execute(sql, parameters):
                connection.exec_driver_sql(_placed(sql), [(self._log, *each) for each in parameters])
        return []

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


@functools.cache
def _placed(sql: str) -> str:
    return sql.format("?2", "?3", "?4", "?5", "?6", log="?1", wanted=_WANTED)


@functools.cache
def _insert(table: Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables
