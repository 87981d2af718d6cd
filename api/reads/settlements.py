"""Settlements, the accounts in them, and what was claimed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, select

from api.reads import Reads
from ledger.db.tables import claims, entries, settlement_accounts, settlements
from ledger.errors import NotFoundError
from ledger.wire import CampaignTotal, Settlement

Place = tuple[int, str]
"""A pool: chain id and address."""


async def list_settlements(reads: Reads, place: Place | None, after: int, limit: int) -> Sequence[Settlement]:
    """The settlements of a pool (of all pools without ``place``) behind number ``after``."""
    query = select(settlements).where(settlements.c.log == reads.log, settlements.c.number > after)
    if place is not None:
        query = query.where(settlements.c.chain_id == place[0], settlements.c.pool == place[1])
    query = query.order_by(settlements.c.number, settlements.c.chain_id, settlements.c.pool).limit(limit)
    return [_settlement(row) for row in await reads.all(query)]


async def find_settlement(reads: Reads, place: Place, number: int) -> Settlement:
    """A settlement of a pool. Raises NotFoundError."""
    row = await reads.one(
        select(settlements).where(
            settlements.c.log == reads.log,
            settlements.c.chain_id == place[0],
            settlements.c.pool == place[1],
            settlements.c.number == number,
        )
    )
    if row is None:
        raise NotFoundError(f"There is no settlement {number} in this pool.", remedy="GET /v1/settlements lists them.")
    return _settlement(row)


async def last_settlement(reads: Reads, place: Place) -> Settlement | None:
    """The last settlement of a pool, whatever became of it."""
    row = await reads.one(
        select(settlements)
        .where(settlements.c.log == reads.log, settlements.c.chain_id == place[0], settlements.c.pool == place[1])
        .order_by(settlements.c.number.desc())
        .limit(1)
    )
    return None if row is None else _settlement(row)


def _settlement(row: Row[Any]) -> Settlement:
    return Settlement(
        chain_id=row.chain_id,
        pool=row.pool,
        number=row.number,
        parent=row.parent,
        proposal=row.proposal,
        size=row.size,
        root=row.root,
        total=row.total,
        state=row.state,
        campaigns=[
            CampaignTotal(campaign=line["campaign"], total=line["total"], final=line["final"])
            for line in json.loads(row.campaigns)
        ],
    )


@dataclass(frozen=True, slots=True)
class Payment:
    """A settlement that covers an award, and how far its claim is; amounts are cumulative base units."""

    number: int
    state: str
    cumulative: int
    claimed: int
    transaction: str | None


async def first_covering(reads: Reads, place: Place, after_ms: int, account: str) -> Payment | None:
    """The first settlement, not vetoed, that was computed when ``after_ms`` had passed and pays ``account``."""
    of = settlements.c
    share = settlement_accounts.c
    query = (
        select(of.number, of.state, share.cumulative, claims.c.cumulative.label("claimed"), claims.c.transaction)
        .join(entries, and_(entries.c.log == of.log, entries.c.entry_index == of.size - 1))
        .join(
            settlement_accounts,
            and_(
                share.log == of.log,
                share.chain_id == of.chain_id,
                share.pool == of.pool,
                share.number == of.number,
                share.account == account,
            ),
        )
        .outerjoin(
            claims,
            and_(
                claims.c.log == of.log,
                claims.c.chain_id == of.chain_id,
                claims.c.pool == of.pool,
                claims.c.account == account,
            ),
        )
        .where(
            of.log == reads.log,
            of.chain_id == place[0],
            of.pool == place[1],
            of.state != "vetoed",
            entries.c.at_ms >= after_ms,
        )
        .order_by(of.number)
        .limit(1)
    )
    row = await reads.one(query)
    if row is None:
        return None
    return Payment(row.number, row.state, int(row.cumulative), int(row.claimed or 0), row.transaction)
