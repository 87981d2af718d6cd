"""The awards behind each settlement, kept in rows so that everybody can see who is paid for what.

They follow from the log. What is missing, after a crash or from before there were such rows, is made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sqlalchemy import func, select

from ledger.book.fold import Book
from ledger.book.rewards import PoolBook, Settlement
from ledger.book.shares import Share, shares
from ledger.db import Database
from ledger.db.postgres import FAILURES
from ledger.db.tables import settlement_shares
from ledger.errors import DatabaseError
from ledger.worker.context import Context
from ledger.worker.real.stored.base import insert_new

_A_TRANSACTION: Final = 1_000
"""Rows that are written at once: statements wait meanwhile."""


class Sharing:
    """Keeps the shares of one pool's settlements."""

    def __init__(self, context: Context, database: Database) -> None:
        self._context = context
        self._database = database
        self._kept: set[str] = set()

    @property
    def whole(self) -> bool:
        """Whether those of all settlements are kept."""
        pool = self._context.book.pools.get(self._context.pool)
        return pool is None or len(pool.recorded) == len(self._kept)

    async def keep(self) -> None:
        """Keep those of one settlement that has none yet, if there is one. Raises DatabaseError."""
        pool = self._context.book.pools.get(self._context.pool)
        if pool is None or len(pool.recorded) == len(self._kept):
            return
        settlement = next(each for each in pool.recorded.values() if each.proposal not in self._kept)
        try:
            await self._keep(pool, settlement)
        except FAILURES as error:
            raise DatabaseError(f"The database does not answer ({error.__class__.__name__}).") from error
        self._kept.add(settlement.proposal)

    async def _keep(self, pool: PoolBook, settlement: Settlement) -> None:
        made = await self._context.work.run(_all, self._context.book, pool, settlement)
        if await self._count(settlement) == len(made):
            return
        rows = (self._row(settlement, position, share) for position, share in enumerate(made))
        while some := list(islice(rows, _A_TRANSACTION)):
            await self._context.keep()
            async with self._database.begin() as connection:
                await insert_new(connection, settlement_shares, some)

    async def _count(self, settlement: Settlement) -> int:
        of = settlement_shares.c
        query = select(func.count()).where(
            of.log == self._context.log,
            of.chain_id == settlement.chain_id,
            of.pool == settlement.pool,
            of.number == settlement.number,
            of.size == settlement.size,
        )
        async with self._database.engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    def _row(self, settlement: Settlement, position: int, share: Share) -> dict[str, object]:
        return {
            "log": self._context.log,
            "chain_id": settlement.chain_id,
            "pool": settlement.pool,
            "number": settlement.number,
            "size": settlement.size,
            "position": position,
            "account": share.account,
            "contributor": share.contributor,
            "rule": share.rule,
            "units": str(share.units),
            "entry": share.entry,
            "final": share.final,
        }


def _all(book: Book, pool: PoolBook, settlement: Settlement) -> list[Share]:
    made: Iterator[Share] = shares(book, pool, settlement)
    return list(made)
