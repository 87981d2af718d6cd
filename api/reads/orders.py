"""What somebody asks of the worker: settlements and claims. The only rows that the API itself writes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select

from api.reads import Reads
from ledger.db.tables import claim_requests, requests
from ledger.statements.values import uuid7

ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Order:
    """A stored request; ``state`` is asked until the worker takes it up."""

    id: str
    state: str
    detail: str | None


async def ask_settlement(reads: Reads, platform: str) -> Order:
    """Store the wish for a settlement, or give the one that still waits."""
    query = select(requests.c.id, requests.c.state, requests.c.detail).where(
        requests.c.log == reads.log, requests.c.kind == "settle", requests.c.state == ASKED
    )
    waiting = await reads.one(query.limit(1))
    if waiting is not None:
        return Order(waiting.id, waiting.state, waiting.detail)
    now_ms = time.time_ns() // 1_000_000
    order = Order(uuid7(now_ms, os.urandom(10)), ASKED, None)
    row = {"log": reads.log, "id": order.id, "kind": "settle", "state": ASKED, "at_ms": now_ms, "platform": platform}
    async with reads.database.begin() as connection:
        await connection.execute(insert(requests).values(row))
    return order


async def settlements_asked(reads: Reads, platform: str, before_ms: int | None, limit: int) -> Sequence[Row[Any]]:
    """A platform's requests for settlements (id, state, detail, at_ms), the newest first, of before a moment."""
    query = select(requests).where(
        requests.c.log == reads.log, requests.c.kind == "settle", requests.c.platform == platform
    )
    if before_ms is not None:
        query = query.where(requests.c.at_ms < before_ms)
    return await reads.all(query.order_by(requests.c.at_ms.desc(), requests.c.id.desc()).limit(limit))


async def pending_claims(reads: Reads, accounts: Sequence[str]) -> Sequence[Row[Any]]:
    """The claim requests of ``accounts`` that the worker has not ended yet."""
    return await reads.all(
        select(claim_requests).where(
            claim_requests.c.log == reads.log,
            claim_requests.c.account.in_(accounts),
            claim_requests.c.state.in_(PENDING),
        )
    )


PENDING = (ASKED, "sent")


async def ask_claims(reads: Reads, wanted: Sequence[tuple[int, str, str]]) -> list[str]:
    """Store claim requests for (chain id, pool, account) and give their ids."""
    now_ms = time.time_ns() // 1_000_000
    rows = [
        {
            "log": reads.log,
            "id": uuid7(now_ms, os.urandom(10)),
            "chain_id": chain_id,
            "pool": pool,
            "account": account,
            "state": ASKED,
            "at_ms": now_ms,
        }
        for chain_id, pool, account in wanted
    ]
    async with reads.database.begin() as connection:
        await connection.execute(insert(claim_requests), rows)
    return [str(row["id"]) for row in rows]
