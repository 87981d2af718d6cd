"""Rows of events, of how far they are written, and of the payments that they tell of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db.tables import (
    anchors,
    event_cursors,
    events,
    payments,
    settlement_shares,
)
from ledger.errors import UnavailableError
from ledger.log.queries import chunks
from ledger.worker.ports.events import Anchored, Payment, Position, Told
from ledger.worker.real.stored.base import LeasedRows


class EventRows(LeasedRows):
    """See ``ports.Events``."""

    async def event_position(self) -> Position:
        """See ``ports.Events``."""
        e = event_cursors.c
        rows = await self._all(select(e.number, e.entries, e.done, e.anchored).where(e.log == self._log))
        return Position(*rows[0]) if rows else Position()

    async def tell(
        self, before: Position, after: Position, told: Sequence[Told], paid: Sequence[Payment], now_ms: int
    ) -> None:
        """See ``ports.Events``."""
        rows = [
            {"log": self._log, "number": number, "told_ms": now_ms} | event._asdict()
            for number, event in enumerate(told, before.number + 1)
        ]
        async with self._writing() as connection:
            await self._move(connection, before, after)
            if rows:
                await connection.execute(insert(events), rows)
            for each in paid:
                await self._note_told(connection, each)

    async def _move(self, connection: AsyncConnection, before: Position, after: Position) -> None:
        e = event_cursors.c
        still = and_(e.log == self._log, *(e[name] == value for name, value in before._asdict().items()))
        moved = await connection.execute(update(event_cursors).where(still).values(after._asdict()))
        if moved.rowcount:
            return
        known = await connection.execute(select(e.number).where(e.log == self._log))
        if before != Position() or known.first() is not None:
            raise UnavailableError("Another worker wrote events.", remedy="Nothing is to be done: that one goes on.")
        await connection.execute(insert(event_cursors).values({"log": self._log} | after._asdict()))

    async def _note_told(self, connection: AsyncConnection, payment: Payment) -> None:
        same = {"block": payment.block, "log_index": payment.log_index, "account": payment.account}
        await connection.execute(update(payments).where(self._of_pool(payments, **same)).values(told=True))

    async def untold_anchors(self, size: int, limit: int) -> Sequence[Anchored]:
        """See ``ports.Events``."""
        a = anchors.c
        query = select(a.size, a.chain_id, a.contract, a.log_id, a.tx, a.block)
        final = (self._of_chain(anchors, finalized=True), a.size > size)
        rows = await self._all(query.where(*final).order_by(a.size).limit(limit))
        return [Anchored(row.size, row.chain_id, row.contract, row.log_id, row.tx, row.block) for row in rows]

    async def untold_payments(self, limit: int) -> Sequence[Payment]:
        """See ``ports.Events``."""
        p = payments.c
        query = select(payments).where(self._of_pool(payments), ~p.told).order_by(p.block, p.log_index).limit(limit)
        rows = await self._all(query)
        sums: dict[str, int] = {}
        for some in chunks(list({row.account for row in rows})):
            told = select(p.account, p.amount).where(self._of_pool(payments), p.told, p.account.in_(some))
            for row in await self._all(told):
                sums[row.account] = sums.get(row.account, 0) + int(row.amount)
        found = []
        for row in rows:
            before, amount = sums.get(row.account, 0), int(row.amount)
            place = (row.chain_id, row.pool, row.block, row.log_index)
            found.append(Payment(*place, row.account, amount, row.transaction, before))
            sums[row.account] = before + amount
        return found

    async def earned(self, account: str, settlements: Mapping[int, int]) -> Mapping[str, int]:
        """See ``ports.Events``."""
        s = settlement_shares.c
        sums: dict[str, int] = {}
        for some in chunks(list(settlements)):
            ours = (self._of_pool(settlement_shares, account=account), s.number.in_(some))
            for row in await self._all(select(s.number, s.size, s.contributor, s.units).where(*ours)):
                if settlements[row.number] == row.size:
                    sums[row.contributor] = sums.get(row.contributor, 0) + int(row.units)
        return sums
