"""Rows of claims: those that somebody asked us to relay, and what every account has claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.chain.anchors import ClaimEvent
from ledger.db.tables import claim_requests, claims, payments
from ledger.log.queries import chunks
from ledger.worker.ports import ClaimAsked
from ledger.worker.real.stored.base import LeasedRows, insert_new

_MOST = 1_000
"""Requests that are looked at in a step."""
_OPEN = ("asked", "sent")


class ClaimRows(LeasedRows):
    """See ``ports.Rows``."""

    async def claims_asked(self) -> list[ClaimAsked]:
        """See ``ports.Rows``."""
        r = claim_requests.c
        query = select(r.id, r.account, r.state, r.at_ms).where(self._of_pool(claim_requests), r.state.in_(_OPEN))
        rows = await self._all(query.order_by(r.at_ms, r.id).limit(_MOST))
        return [ClaimAsked(id=row.id, account=row.account, state=row.state, at_ms=row.at_ms) for row in rows]

    async def set_claims(self, ids: Sequence[str], state: str, **values: str | None) -> None:
        """See ``ports.Rows``."""
        if not ids:
            return
        async with self._writing() as connection:
            for some in chunks(ids):
                ours = (claim_requests.c.log == self._log, claim_requests.c.id.in_(some))
                await connection.execute(update(claim_requests).where(*ours).values(state=state, **values))

    async def claims_relayed(self, accounts: Sequence[str], since_ms: int) -> dict[str, int]:
        """See ``ports.Rows``. Accounts without any are not in it."""
        r = claim_requests.c
        relayed: dict[str, int] = {}
        query = select(r.account, func.count(r.transaction.distinct()).label("times")).group_by(r.account)
        for some in chunks(accounts):
            ours = (self._of_pool(claim_requests), r.account.in_(some), r.at_ms >= since_ms, r.transaction.is_not(None))
            relayed |= {row.account: row.times for row in await self._all(query.where(*ours))}
        return relayed

    async def note_claims(self, events: Sequence[ClaimEvent], sums: Mapping[str, int], *, final: bool) -> None:
        """See ``ports.Rows``. An account that has claimed nothing, after all, has no row.

        Permanent payments are kept one by one as well, each once: events tell of them.
        """
        if not sums:
            return
        newest = {event.account: event for event in sorted(events, key=lambda at: (at.place.block, at.place.log_index))}
        async with self._writing() as connection:
            for some in chunks(list(sums)):
                known = await self._known(connection, some)
                now = {
                    account: _noted(known.get(account, _NOTHING), sums[account], newest.get(account), final)
                    for account in some
                }
                await connection.execute(delete(claims).where(self._of_pool(claims), claims.c.account.in_(some)))
                rows = [self._pool_key | {"account": account} | each.columns() for account, each in now.items() if each]
                if rows:
                    await connection.execute(insert(claims), rows)
            if final and events:
                await insert_new(connection, payments, [self._pool_key | _payment(event) for event in events])

    async def _known(self, connection: AsyncConnection, accounts: Sequence[str]) -> dict[str, _Claimed]:
        ours = (self._of_pool(claims), claims.c.account.in_(accounts))
        rows = await connection.execute(select(claims).where(*ours))
        return {
            row.account: _Claimed(int(row.cumulative), int(row.final_cumulative), row.transaction, row.block)
            for row in rows
        }

    async def loose_claims(self) -> list[str]:
        """See ``ports.Rows``. In order."""
        query = select(claims.c.account).where(self._of_pool(claims, state="claimed")).order_by(claims.c.account)
        return [row.account for row in await self._all(query)]


def _payment(event: ClaimEvent) -> dict[str, object]:
    return {
        "block": event.place.block,
        "log_index": event.place.log_index,
        "account": event.account,
        "amount": str(event.amount),
        "transaction": event.place.transaction,
        "told": False,
    }


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What an account has claimed in all, how much of that is final, and where the last claim stands."""

    cumulative: int
    final: int
    transaction: str | None
    block: int | None

    def __bool__(self) -> bool:
        return self.cumulative > 0

    def columns(self) -> dict[str, object]:
        return {
            "cumulative": str(self.cumulative),
            "final_cumulative": str(self.final),
            "state": "final" if self.cumulative == self.final else "claimed",
            "transaction": self.transaction,
            "block": self.block,
        }


_NOTHING = _Claimed(0, 0, None, None)


def _noted(before: _Claimed, said: int, event: ClaimEvent | None, final: bool) -> _Claimed:
    """What holds once the chain has ``said`` a sum, which is ``final`` or not: a final one never falls."""
    finally_ = max(before.final, said) if final else before.final
    cumulative = max(before.cumulative if final else said, finally_)
    if event is not None and said == cumulative:
        return _Claimed(cumulative, finally_, event.place.transaction, event.place.block)
    if cumulative < before.cumulative:  # the chain took the last claim back
        return _Claimed(cumulative, finally_, None, None)
    return _Claimed(cumulative, finally_, before.transaction, before.block)
