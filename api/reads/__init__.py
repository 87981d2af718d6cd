"""What the API asks the database beyond the log's own views (``ledger.log.views``): sums, settlements, anchors.

Reads see committed rows only; ``orders`` alone writes, the requests that the worker takes up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from ledger.db import Database, tables
from ledger.log.queries import LogQueries
from ledger.statements import kinds
from ledger.statements.log import LogOpened


class Reads(LogQueries):
    """Queries of one log. Every one raises DatabaseError where the database does not answer."""

    def __init__(self, database: Database, log: str) -> None:
        super().__init__(database, log)
        self.database = database
        self.log = log
        self._opened: LogOpened | None = None

    async def opened(self) -> LogOpened | None:
        """What the log's first entry says, which never changes; None where the log is not opened."""
        if self._opened is None:
            table = tables.entries
            query = select(table.c.statement).where(table.c.log == self.log, table.c.entry_index == 0)
            row = await self.one(query)
            if row is not None:
                statement = kinds.parse(bytes(row.statement))
                assert isinstance(statement, LogOpened)
                self._opened = statement
        return self._opened

    async def all(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Every row of a query that bounds itself; ``values`` are those of its named parameters."""
        return await self._all(query, values)

    def parts(self, query: Select[*tuple[Any, ...]]) -> AsyncIterator[Sequence[Row[Any]]]:
        """Every row of a query that may have very many, some at a time."""
        return self._parts(query)

    async def one(self, query: Select[*tuple[Any, ...]]) -> Row[Any] | None:
        """The first row, or None."""
        return await self._one(query)
