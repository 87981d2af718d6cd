"""Reads of what the worker has done: anchors, settlements, rewards and requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, func, select

from ledger.db import tables as t
from ledger.log.queries import LogQueries
from ledger.log.shapes import AnchorView, ClaimRequestView, RequestView, RewardView, SettlementView

PAYABLE_STATES = ("activated",)
"""Settlements whose rewards can be claimed."""


class ChainViews(LogQueries):
    """Reads of the worker's rows of one log."""

    async def anchors(self, *, after: int = 0, limit: int = 1_000) -> list[AnchorView]:
        """Anchors of more than ``after`` entries, by size."""
        query = select(t.anchors).where(t.anchors.c.log == self._log, t.anchors.c.size > after)
        query = query.order_by(t.anchors.c.size, t.anchors.c.chain_id).limit(limit)
        return [_anchor(row) for row in await self._all(query)]

    async def last_anchor(self) -> AnchorView | None:
        """The newest anchor."""
        query = select(t.anchors).where(t.anchors.c.log == self._log)
        row = await self._one(query.order_by(t.anchors.c.size.desc(), t.anchors.c.chain_id).limit(1))
        return _anchor(row) if row else None

    async def settlements(
        self, chain_id: int | None = None, pool: str | None = None, *, limit: int = 1_000
    ) -> list[SettlementView]:
        """Settlements of one pool or of all, newest first."""
        query = select(t.settlements).where(t.settlements.c.log == self._log)
        if chain_id is not None:
            query = query.where(t.settlements.c.chain_id == chain_id)
        if pool is not None:
            query = query.where(t.settlements.c.pool == pool)
        table = t.settlements.c
        query = query.order_by(table.number.desc(), table.chain_id, table.pool).limit(limit)
        return [_settlement(row) for row in await self._all(query)]

    async def rewards(self, address: str) -> list[RewardView]:
        """What an address (0x, lower case) can claim: its line in each pool's newest activated settlement."""
        s, a, c = t.settlements.c, t.settlement_accounts.c, t.claims.c
        newest = (
            select(s.chain_id, s.pool, func.max(s.number).label("number"))
            .where(s.log == self._log, s.state.in_(PAYABLE_STATES))
            .group_by(s.chain_id, s.pool)
            .subquery()
        )
        same = and_(a.chain_id == newest.c.chain_id, a.pool == newest.c.pool, a.number == newest.c.number)
        claimed = and_(c.log == a.log, c.chain_id == a.chain_id, c.pool == a.pool, c.account == a.account)
        query = (
            select(a.chain_id, a.pool, a.number, a.account, a.cumulative, a.position, c.cumulative.label("claimed"))
            .select_from(t.settlement_accounts.join(newest, same).outerjoin(t.claims, claimed))
            .where(a.log == self._log, a.account == address)
            .order_by(a.chain_id, a.pool)
        )
        return [_reward(row) for row in await self._all(query)]

    async def settlement_accounts(self, chain_id: int, pool: str, number: int) -> list[tuple[str, int]]:
        """A settlement's accounts and cumulative amounts, in tree order."""
        table = t.settlement_accounts
        query = select(table.c.account, table.c.cumulative).where(
            table.c.log == self._log, table.c.chain_id == chain_id, table.c.pool == pool, table.c.number == number
        )
        return [(row.account, int(row.cumulative)) for row in await self._all(query.order_by(table.c.position))]

    async def claimed(self, chain_id: int, pool: str, account: str) -> int:
        """What an account has claimed from a pool, base units."""
        table = t.claims
        query = select(table.c.cumulative).where(
            table.c.log == self._log, table.c.chain_id == chain_id, table.c.pool == pool, table.c.account == account
        )
        row = await self._one(query)
        return int(row.cumulative) if row else 0

    async def request(self, request: str) -> RequestView | None:
        """A request to settle or to anchor, by id."""
        row = await self._one(select(t.requests).where(*self._is(t.requests, request)))
        return RequestView(row.id, row.kind, row.state, row.at_ms, row.platform, row.detail) if row else None

    async def claim_request(self, request: str) -> ClaimRequestView | None:
        """A request to relay a claim, by id."""
        row = await self._one(select(t.claim_requests).where(*self._is(t.claim_requests, request)))
        if row is None:
            return None
        what = (row.chain_id, row.pool, row.account, row.state, row.at_ms)
        return ClaimRequestView(row.id, *what, row.transaction, row.detail)


def _anchor(row: Row[Any]) -> AnchorView:
    where = (row.tx, row.block, row.chain_id, row.contract, row.log_id)
    return AnchorView(row.size, bytes(row.root), *where, bool(row.finalized))


def _settlement(row: Row[Any]) -> SettlementView:
    what = (row.number, row.parent, row.proposal, row.size, row.root, int(row.total), row.state, row.campaigns)
    return SettlementView(row.chain_id, row.pool, *what, row.due_ms)


def _reward(row: Row[Any]) -> RewardView:
    where = (row.chain_id, row.pool, row.number, row.account)
    return RewardView(*where, int(row.cumulative), int(row.claimed or 0), row.position)
