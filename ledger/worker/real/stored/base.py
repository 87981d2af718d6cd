"""What all of the worker's rows share: whose they are, the lease that fences every write, and typed errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.chain.deployments import Deployment
from ledger.db import Database
from ledger.db.postgres import FAILURES
from ledger.db.tables import leases
from ledger.errors import DatabaseError, UnavailableError

_NAME = "worker"
_FAILURES = (*FAILURES, OverflowError)  # the last: SQLite's driver is given a number of a lying node


class LeasedRows:
    """Rows of one log on one chain, written by whoever holds the log's lease."""

    def __init__(self, database: Database, log: str, deployment: Deployment) -> None:
        self._database = database
        self._log = log
        self._deployment = deployment
        self._chain_id = deployment.chain_id
        self._lease = and_(leases.c.log == log, leases.c.name == _NAME)
        self._held: tuple[str, int] | None = None

    # ---- the lease ----

    async def hold(self, holder: str, token: int, now_ms: int, seconds: float) -> int:
        """See ``ports.Rows``."""
        try:
            async with self._failing(), self._database.begin() as connection:
                held = await self._hold(connection, (holder, token), now_ms, int(seconds * 1000))
        except _TakenError:
            return 0
        if held:
            self._held = holder, held
        return held

    async def _hold(self, connection: AsyncConnection, ours: tuple[str, int], now_ms: int, milliseconds: int) -> int:
        row = (await connection.execute(select(leases).where(self._lease).with_for_update())).one_or_none()
        mine = row is not None and (row.holder, row.token) == ours
        if row is not None and not mine and row.expires_at > now_ms:
            return 0
        holder, token = ours
        values = {"holder": holder, "expires_at": now_ms + milliseconds}
        if row is None:
            values |= {"log": self._log, "name": _NAME, "token": 1}
            try:
                await connection.execute(insert(leases).values(values))
            except IntegrityError:
                raise _TakenError from None  # another worker made the row at the same moment
            return 1
        token = token if mine else row.token + 1
        await connection.execute(update(leases).where(self._lease).values(values | {"token": token}))
        return token

    async def release(self) -> None:
        """See ``ports.Rows``. The row stays, expired: the next token must be greater."""
        if self._held is None:
            return
        holder, token = self._held
        mine = and_(self._lease, leases.c.holder == holder, leases.c.token == token)
        async with self._failing(), self._database.begin() as connection:
            await connection.execute(update(leases).where(mine).values(expires_at=0))

    # ---- reading and writing ----

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the leader's, which keeps the lease's row until its end.

        Raises UnavailableError where another worker leads, DatabaseError where the database fails.
        """
        async with self._failing(), self._database.begin() as connection:
            row = (await connection.execute(select(leases).where(self._lease).with_for_update())).one_or_none()
            if row is None or (row.holder, row.token) != self._held:
                raise UnavailableError(
                    "Another worker leads by now.", remedy="Nothing is to be done: that one goes on."
                )
            yield connection

    async def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of a query. Raises DatabaseError."""
        async with self._failing(), self._database.engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows

    async def _value(self, query: Select[Any]) -> Any:
        """The one value of a query, or None. Raises DatabaseError."""
        rows = await self._all(query)
        return rows[0][0] if rows else None

    @asynccontextmanager
    async def _failing(self) -> AsyncIterator[None]:
        """Whatever fails in the block is a DatabaseError, which holds nothing of the URL or of rows."""
        try:
            yield
        except _FAILURES as error:
            raise DatabaseError(f"The database does not answer ({error.__class__.__name__}).") from error

    # ---- whose rows ----

    def _of_chain(self, table: Table, **values: object) -> ColumnElement[bool]:
        """Our log's rows of our chain, with these values."""
        found = [table.c.log == self._log, table.c.chain_id == self._chain_id]
        return and_(*found, *(table.c[name] == value for name, value in values.items()))

    def _of_pool(self, table: Table, **values: object) -> ColumnElement[bool]:
        """Our log's rows of our pool, with these values."""
        return self._of_chain(table, pool=self._deployment.pool, **values)

    @property
    def _chain_key(self) -> dict[str, object]:
        return {"log": self._log, "chain_id": self._chain_id}

    @property
    def _pool_key(self) -> dict[str, object]:
        return self._chain_key | {"pool": self._deployment.pool}


class _TakenError(Exception):
    """Somebody else's lease."""


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those rows whose keys are not there yet; waits for others who insert the same."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))
