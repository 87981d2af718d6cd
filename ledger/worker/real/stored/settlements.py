"""Rows of settlements and the accounts of their trees."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from ledger.book.rewards import Settlement
from ledger.db.tables import settlement_accounts, settlements
from ledger.worker.real.stored.base import LeasedRows

_SETTLED = "settled"


class SettlementRows(LeasedRows):
    """See ``ports.Rows``."""

    async def save_settlement(self, settlement: Settlement, tree: Sequence[tuple[str, int]]) -> None:
        """See ``ports.Rows``."""
        accounts = [
            self._pool_key
            | {"number": settlement.number, "position": position, "account": account, "cumulative": str(cumulative)}
            for position, (account, cumulative) in enumerate(tree)
        ]
        async with self._writing() as connection:
            for table in (settlements, settlement_accounts):
                await connection.execute(delete(table).where(self._of_pool(table, number=settlement.number)))
            await connection.execute(insert(settlements).values(self._pool_key | _columns(settlement)))
            if accounts:
                await connection.execute(insert(settlement_accounts), accounts)

    async def saved_proposal(self, number: int) -> str | None:
        """See ``ports.Rows``."""
        query = select(settlements.c.proposal).where(self._of_pool(settlements, number=number))
        proposal: str | None = await self._value(query)
        return proposal

    async def settled_proposal(self, number: int, root: str) -> str | None:
        """See ``ports.Rows``."""
        settled = self._of_pool(settlements, number=number, root=root, state=_SETTLED)
        proposal: str | None = await self._value(select(settlements.c.proposal).where(settled))
        return proposal

    async def last_due_ms(self) -> int | None:
        """See ``ports.Rows``."""
        proposed = (self._of_pool(settlements), settlements.c.due_ms.is_not(None))
        query = select(settlements.c.due_ms).where(*proposed).order_by(settlements.c.number.desc()).limit(1)
        due_ms: int | None = await self._value(query)
        return due_ms

    async def note_proposed(self, number: int, due_ms: int, transaction: str | None) -> None:
        """See ``ports.Rows``. What proposed it stays where the caller does not know."""
        values: dict[str, object] = {"due_ms": due_ms, "state": _SETTLED, "ended_tx": None}
        values |= {"proposed_tx": transaction} if transaction else {}
        async with self._writing() as connection:
            await connection.execute(
                update(settlements).where(self._of_pool(settlements, number=number)).values(values)
            )

    async def note_proposed_in(self, proposal: str, transaction: str) -> None:
        """See ``ports.Rows``. Nothing where it is not one that we keep."""
        ours = self._of_pool(settlements, proposal=proposal)
        async with self._writing() as connection:
            await connection.execute(update(settlements).where(ours).values(proposed_tx=transaction))

    async def end_settlement(self, proposal: str, state: str, transaction: str | None) -> None:
        """See ``ports.Rows``. Nothing where it is not one that we keep."""
        values = {"state": state} | ({"ended_tx": transaction} if transaction else {})
        ours = self._of_pool(settlements, proposal=proposal)
        async with self._writing() as connection:
            await connection.execute(update(settlements).where(ours).values(values))

    async def tree_accounts(self, number: int) -> list[tuple[str, int]]:
        """See ``ports.Rows``."""
        share = settlement_accounts.c
        query = select(share.account, share.cumulative).where(self._of_pool(settlement_accounts, number=number))
        return [(row.account, int(row.cumulative)) for row in await self._all(query.order_by(share.position))]


def _columns(settlement: Settlement) -> dict[str, object]:
    lines = [
        {"campaign": line.campaign, "onchain_id": line.onchain_id, "total": str(line.total), "final": line.final}
        for line in settlement.campaigns
    ]
    return {
        "number": settlement.number,
        "parent": settlement.parent,
        "proposal": settlement.proposal,
        "size": settlement.size,
        "root": settlement.root,
        "total": str(settlement.total),
        "state": _SETTLED,
        "campaigns": json.dumps(lines),
    }
