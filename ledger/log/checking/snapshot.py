"""Rows as the database holds them, all of one moment: raw values, streamed, no type mended on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncResult

from ledger.db import Database
from ledger.db.loading import DbRow
from ledger.errors import FormatError
from ledger.log.queries import chunks

ROWS_AT_A_TIME = 1_000
FAILURES = (SQLAlchemyError, OSError, UnicodeDecodeError)
"""What a database raises that cannot read its own pages (the last quotes what is damaged), or that went away."""


class Snapshot:
    """Reads of one log's rows in one transaction: what others commit meanwhile is not seen."""

    def __init__(self, connection: AsyncConnection, log: str) -> None:
        self.connection = connection
        self.log = log
        self._open: set[AsyncResult[Any]] = set()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.connection.dialect.name == "sqlite"

    async def stream(self, table: str, columns: Sequence[str], order: str) -> AsyncGenerator[DbRow]:
        """The rows of a table, ordered by a column of numbers (text has another order in every database).

        Raises FormatError where that column holds something else.
        """
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE log = :log ORDER BY {order}"  # noqa: S608 - our names
        place = list(columns).index(order)
        options = {"yield_per": ROWS_AT_A_TIME}
        result = await self.connection.stream(text(sql), {"log": self.log}, execution_options=options)
        self._open.add(result)
        try:
            async for part in result.partitions(ROWS_AT_A_TIME):
                for row in part:
                    if type(row[place]) is not int:
                        raise FormatError(f"A row of {table} has {row[place]!r} as {order}, which is no number.")
                    yield tuple(row)
        finally:
            self._open.discard(result)
            await result.close()

    async def aclose(self) -> None:
        """End the streams that nobody reads any more."""
        for result in list(self._open):
            await result.close()

    async def some(
        self, table: str, columns: Sequence[str], where: str, wanted: Collection[Any], **also: str | int
    ) -> list[DbRow]:
        """The rows in which the column ``where`` is one of ``wanted`` and the columns ``also`` are as given."""
        more = "".join(f" AND {name} = :{name}" for name in also)
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE log = :log{more} AND {where} IN :wanted"  # noqa: S608
        query = text(sql).bindparams(bindparam("wanted", expanding=True))
        found: list[DbRow] = []
        for part in chunks(list(wanted)):
            values = {"log": self.log, "wanted": [_askable(value) for value in part]} | also
            rows = await self.connection.execute(query, values)
            found += [tuple(row) for row in rows]
        return found

    async def count(self, table: str) -> int:
        """How many rows of a table are this log's."""
        sql = f"SELECT COUNT(*) FROM {table} WHERE log = :log"  # noqa: S608 - our names
        return int((await self.connection.execute(text(sql), {"log": self.log})).scalar_one())

    async def all(self, sql: str, **values: str | int) -> list[DbRow]:
        """The rows of any other query; ``:log`` stands for the log's name, others for ``values``."""
        given = {name: _askable(value) for name, value in values.items()}
        if ":log" in sql:
            given["log"] = self.log
        return [tuple(row) for row in await self.connection.execute(text(sql), given)]


@asynccontextmanager
async def open_snapshot(database: Database, log: str) -> AsyncIterator[Snapshot]:
    """A snapshot for the block. It writes nothing and hinders no writer."""
    async with database.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with aclosing(Snapshot(connection, log)) as snapshot:
                yield snapshot
            return
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        raw.text_factory = _decode
        try:
            async with aclosing(Snapshot(connection, log)) as snapshot:
                yield snapshot
        finally:
            raw.text_factory = str


def _decode(data: bytes) -> str:
    """A damaged byte must not end the check: it becomes a character that no sound text has."""
    return data.decode(errors="surrogateescape")


def _askable(value: Any) -> Any:
    """A damaged text is not among the database's sound ones: what no driver could send is sent as what nothing is."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def same(found: object, expected: object) -> bool:
    """Whether a raw value says exactly this; SQLite keeps flags as 0 and 1."""
    if isinstance(expected, bool):
        return type(found) in (bool, int) and found == expected
    return type(found) is type(expected) and found == expected


def raw_bytes(value: object) -> bytes:
    """A value that should be bytes; none where a damaged row holds something else."""
    return value if isinstance(value, bytes) else b""
