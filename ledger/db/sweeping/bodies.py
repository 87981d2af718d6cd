"""Bodies of deliveries that could not be used: the newest of each webhook, so many and so many bytes."""

from __future__ import annotations

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db.sweeping.periods import MAX_BODIES
from ledger.db.tables import deliveries


async def bound_bodies(
    connection: AsyncConnection, log: str, most_bytes: int, limit: int, hook: str | None = None
) -> int:
    """Erase what is beyond, at most ``limit`` bodies, of one webhook or of all; how many."""
    of = deliveries.c
    kept = and_(of.log == log, of.body.is_not(None), of.ended_ms.is_not(None))
    if hook is not None:
        kept = and_(kept, of.hook == hook)
    newest = (of.ended_ms.desc(), of.id.desc())
    counted = select(
        of.id,
        func.row_number().over(partition_by=of.hook, order_by=newest).label("place"),
        func.sum(of.size).over(partition_by=of.hook, order_by=newest).label("bytes"),
    ).where(kept)
    each = counted.subquery()
    beyond = select(each.c.id).where((each.c.place > MAX_BODIES) | (each.c.bytes > most_bytes)).limit(limit)
    chosen = (kept, of.id.in_(beyond))  # asked once more: it may be tried again at this moment
    return (await connection.execute(update(deliveries).where(*chosen).values(body=None))).rowcount
