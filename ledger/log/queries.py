"""The base of all reads: queries of one log through the async engine, database errors typed, lists in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.db import Database
from ledger.errors import DatabaseError, FieldError

ItemT = TypeVar("ItemT")
ValueT = TypeVar("ValueT")

MAX_PAGE = 200
_CHUNK = 500
"""Values in one IN list; SQLite takes 32,766 at most."""
_PART = 100
"""Rows that are taken in one turn of the event loop; a thousand would hold it for some 10 ms."""


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some items by ascending entry index; ``next`` is the ``after`` of the next page, None on the last one."""

    items: list[ItemT]
    next: int | None


class LogQueries:
    """Reads of one log."""

    def __init__(self, database: Database, log: str) -> None:
        self._database = database
        self._log = log

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection for one query. Raises DatabaseError for whatever fails on it."""
        try:
            async with engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(f"The database does not answer: {error.__class__.__name__}.") from error

    async def _all(self, query: Select[Any], values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a query; ``values`` are those of its named parameters. Raises DatabaseError."""
        async with self._connection(self._database.single) as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query, values)).all()
        return rows

    async def _parts(self, query: Select[Any]) -> AsyncIterator[Sequence[Row[Any]]]:
        """All rows of a query that may have very many, some at a time: others get their turn in between.

        Raises DatabaseError.
        """
        async with self._connection(self._database.engine) as connection:  # a cursor lives in a transaction
            rows = await connection.stream(query.execution_options(yield_per=_PART))
            async for part in rows.partitions():
                yield part

    async def _one(self, query: Select[Any]) -> Row[Any] | None:
        """The one row of a query, or None. Raises DatabaseError."""
        rows = await self._all(query)
        return rows[0] if rows else None

    def _is(self, table: Table, subject: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The conditions that pick one row of this log by its id."""
        return table.c.log == self._log, table.c.id == subject

    async def _page(
        self, query: Select[Any], table: Table, after: int | None, limit: int, shape: Callable[[Row[Any]], ItemT]
    ) -> Page[ItemT]:
        """A page of ``query`` on ``table``, by entry index. Raises FieldError for a limit outside 1 to MAX_PAGE."""
        if not 1 <= limit <= MAX_PAGE:
            raise FieldError(f"A page has 1 to {MAX_PAGE} items.", field="limit", remedy="Ask for fewer at a time.")
        query = query.where(table.c.log == self._log).order_by(table.c.entry_index).limit(limit + 1)
        if after is not None:
            query = query.where(table.c.entry_index > after)
        rows = await self._all(query)
        more = rows[limit - 1].entry_index if len(rows) > limit else None
        return Page([shape(row) for row in rows[:limit]], more)


def chunks(values: Sequence[ValueT]) -> Iterator[Sequence[ValueT]]:
    """The values in parts that one query takes."""
    for begin in range(0, len(values), _CHUNK):
        yield values[begin : begin + _CHUNK]
