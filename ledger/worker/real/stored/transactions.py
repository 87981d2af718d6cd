"""Rows of transactions: every attempt before it is sent, whose each nonce is, what the permanent ones cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db.tables import claim_requests, costs, nonces, transactions
from ledger.errors import TransactionError
from ledger.log.queries import chunks
from ledger.worker.ports import Attempt, Cost
from ledger.worker.real.stored.base import LeasedRows, insert_new

FILL = "fill"
_OPEN = {"sent", "mined", "failed"}
_OUTCOME = ("state", "detail", "block", "block_hash", "gas_used")


class TransactionRows(LeasedRows):
    """See ``ports.Rows``."""

    async def save_attempt(self, attempt: Attempt) -> None:
        """The same bytes once more change nothing. A nonce keeps its first intent when its place is filled.

        Raises TransactionError also where it is settled already what became of the nonce.
        """
        async with self._writing() as connection:
            key = {"chain_id": self._chain_id, "sender": attempt.sender, "nonce": attempt.nonce}
            await insert_new(connection, nonces, [key | {"log": self._log, "intent": attempt.intent}])
            whose = and_(*(nonces.c[name] == value for name, value in key.items()))
            row = (await connection.execute(select(nonces).where(whose))).one()
            if row.log != self._log or attempt.intent not in (row.intent, FILL):
                raise _taken(attempt, f"belongs to {row.intent} of the log {row.log}")
            tried = self._of_chain(transactions, sender=attempt.sender, nonce=attempt.nonce)
            states = (await connection.execute(select(transactions.c.state).where(tried))).scalars().all()
            if not set(states) <= _OPEN:
                raise _taken(attempt, "is settled")
            await insert_new(connection, transactions, [self._chain_key | _columns(attempt)])

    async def open_attempts(self) -> list[Attempt]:
        """See ``ports.Rows``."""
        t = transactions.c
        query = select(transactions).where(self._of_chain(transactions), t.state.in_(_OPEN))
        return [_attempt(row) for row in await self._all(query.order_by(t.sender, t.nonce, t.at_ms, t.hash))]

    async def next_nonce(self, account: str) -> int:
        """0 for an account that never sent anything."""
        same = and_(nonces.c.chain_id == self._chain_id, nonces.c.sender == account)
        highest = await self._value(select(func.max(nonces.c.nonce)).where(same))
        return 0 if highest is None else int(highest) + 1

    async def set_attempts(self, changed: Sequence[Attempt]) -> None:
        """See ``ports.Rows``. One that is settled (final, replaced, lost) stays as it is."""
        if not changed:
            return
        undone = []
        async with self._writing() as connection:
            before = await self._blocks(connection, [attempt.hash for attempt in changed])
            for attempt in changed:
                values = {name: getattr(attempt, name) for name in _OUTCOME} | {"gas_price": _text(attempt.gas_price)}
                same = (self._of_chain(transactions, hash=attempt.hash), transactions.c.state.in_(_OPEN))
                noted = await connection.execute(update(transactions).where(*same).values(values))
                undone += [attempt.hash] if noted.rowcount and not attempt.stands_in(before[attempt.hash]) else []
                before[attempt.hash] = attempt.block_hash
            for some in chunks(undone):
                answered = (claim_requests.c.log == self._log, claim_requests.c.transaction.in_(some))
                again = {"state": "sent", "transaction": None, "detail": None}
                await connection.execute(update(claim_requests).where(*answered).values(again))

    async def _blocks(self, connection: AsyncConnection, hashes: Sequence[str]) -> dict[str, str | None]:
        """The hashes of the blocks that some are noted in."""
        t, noted = transactions.c, dict[str, str | None]()
        for some in chunks(hashes):
            query = select(t.hash, t.block_hash).where(self._of_chain(transactions), t.hash.in_(some))
            noted |= {row.hash: row.block_hash for row in await connection.execute(query)}
        return noted

    async def save_costs(self, costs_: Sequence[Cost]) -> None:
        """See ``ports.Rows``. A transaction that has costs keeps them, however they are split now."""
        if not costs_:
            return
        async with self._writing() as connection:
            known: set[str] = set()
            for some in chunks([cost.transaction for cost in costs_]):
                query = select(costs.c.transaction).where(self._of_chain(costs), costs.c.transaction.in_(some))
                known.update((await connection.execute(query)).scalars())
            rows = [
                self._chain_key
                | {"transaction": cost.transaction, "campaign": cost.campaign, "intent": cost.intent}
                | {"gas": cost.gas, "wei": str(cost.wei)}
                for cost in costs_
                if cost.transaction not in known
            ]
            if rows:
                await connection.execute(insert(costs), rows)


def _taken(attempt: Attempt, why: str) -> TransactionError:
    return TransactionError(
        f"Nonce {attempt.nonce} of {attempt.sender} {why}.",
        remedy="Nothing was sent; the next step takes the nonce after it.",
    )


def _columns(attempt: Attempt) -> dict[str, object]:
    return {
        "hash": attempt.hash,
        "raw": attempt.raw,
        "sender": attempt.sender,
        "nonce": attempt.nonce,
        "intent": attempt.intent,
        "recipient": attempt.to,
        "data": attempt.data,
        "gas": attempt.gas,
        "max_fee": str(attempt.max_fee),
        "priority_fee": _text(attempt.priority_fee),
        "state": attempt.state,
        "at_ms": attempt.at_ms,
        "detail": attempt.detail,
        "block": attempt.block,
        "block_hash": attempt.block_hash,
        "gas_used": attempt.gas_used,
        "gas_price": _text(attempt.gas_price),
    }


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        hash=row.hash,
        raw=bytes(row.raw),
        sender=row.sender,
        nonce=row.nonce,
        intent=row.intent,
        to=row.recipient,
        data=bytes(row.data),
        gas=row.gas,
        max_fee=int(row.max_fee),
        priority_fee=_number(row.priority_fee),
        state=row.state,
        at_ms=row.at_ms,
        detail=row.detail,
        block=row.block,
        block_hash=row.block_hash,
        gas_used=row.gas_used,
        gas_price=_number(row.gas_price),
    )


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _number(value: str | None) -> int | None:
    return None if value is None else int(value)
