"""What the API asks the database beyond the log's own views (``ledger.log.views``): sums, settlements, anchors.

Reads see committed rows only; ``orders`` alone writes, the requests that the worker takes up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select

from ledger.db import Database
from ledger.log.queries import LogQueries


class Reads(LogQueries):
    """Queries of one log. Every one raises DatabaseError where the database does not answer."""

    def __init__(self, database: Database, log: str) -> None:
        super().__init__(database, log)
        self.database = database
        self.log = log

    async def all(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Every row of a query that bounds itself; ``values`` are those of its named parameters."""
        return await self._all(query, values)

    def parts(self, query: Select[*tuple[Any, ...]]) -> AsyncIterator[Sequence[Row[Any]]]:
        """Every row of a query that may have very many, some at a time."""
        return self._parts(query)

    async def one(self, query: Select[*tuple[Any, ...]]) -> Row[Any] | None:
        """The first row, or None."""
        return await self._one(query)
