"""Endpoints of platforms and what was sent to them, as their platforms see it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, func, select

from api.reads import Reads
from ledger.db.tables import endpoints, events, sendings
from ledger.errors import NotFoundError
from ledger.statements.values import format_time
from ledger.wire.endpoints import MAX_ENDPOINTS, Endpoint, Sending, SendingState
from ledger.wire.events import event_id

_MOST_COUNTED: Final = 1_000


async def list_endpoints(reads: Reads, platform: str, now_ms: int) -> list[Endpoint]:
    """A platform's endpoints, the oldest first."""
    of = endpoints.c
    query = select(endpoints).where(of.log == reads.log, of.platform == platform).order_by(of.id).limit(MAX_ENDPOINTS)
    return [await _endpoint(reads, row, now_ms) for row in await reads.all(query)]


async def endpoint_row(reads: Reads, platform: str, id_: str) -> Row[Any]:
    """An endpoint's row. Raises NotFoundError, also for another platform's."""
    of = endpoints.c
    row = await reads.one(select(endpoints).where(of.log == reads.log, of.id == id_, of.platform == platform))
    if row is None:
        raise NotFoundError(f"Your platform has no endpoint {id_}.", remedy="GET /v1/endpoints lists your endpoints.")
    return row


async def find_endpoint(reads: Reads, platform: str, id_: str, now_ms: int) -> Endpoint:
    """One endpoint. Raises NotFoundError."""
    return await _endpoint(reads, await endpoint_row(reads, platform, id_), now_ms)


async def _endpoint(reads: Reads, row: Row[Any], now_ms: int) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        types=row.types.split(),
        description=row.description,
        at_once=row.at_once,
        state=row.state,
        detail=row.detail,
        made=format_time(row.at_ms),
        cursor=row.cursor,
        failing_since=_time(row.failing_ms),
        paused_until=_time(row.pause_ms) if row.pause_ms > now_ms else None,
        old_secret_until=_time(row.old_until_ms)
        if row.old_until_ms is not None and row.old_until_ms > now_ms
        else None,
        waiting=await _count(reads, row.id, "waiting"),
        dead=await _count(reads, row.id, "dead"),
    )


async def _count(reads: Reads, endpoint: str, state: SendingState) -> int:
    of = sendings.c
    some = select(of.event).where(of.log == reads.log, of.endpoint == endpoint, of.state == state).limit(_MOST_COUNTED)
    row = await reads.one(select(func.count()).select_from(some.subquery()))
    return 0 if row is None else int(row[0])


async def list_sendings(
    reads: Reads, endpoint: str, state: SendingState | None, before: int | None, limit: int
) -> tuple[list[Sending], int | None]:
    """Sendings to an endpoint, the newest events first, of before an event; and where the list goes on."""
    of = sendings.c
    query = _sendings(reads, endpoint)
    if state is not None:
        query = query.where(of.state == state)
    if before is not None:
        query = query.where(of.event < before)
    rows = await reads.all(query.order_by(of.event.desc()).limit(limit + 1))
    return [_sending(reads, row) for row in rows[:limit]], rows[limit - 1].event if len(rows) > limit else None


async def find_sending(reads: Reads, endpoint: str, event: int) -> Sending:
    """One sending. Raises NotFoundError."""
    row = await reads.one(_sendings(reads, endpoint).where(sendings.c.event == event))
    if row is None:
        raise no_sending(event)
    return _sending(reads, row)


def no_sending(event: int) -> NotFoundError:
    """Event ``event`` was not sent there."""
    return NotFoundError(
        f"Event {event} was not sent to this endpoint yet, or is not kept.",
        remedy="GET .../sendings lists what was sent; replay sends older events.",
    )


def _sendings(reads: Reads, endpoint: str) -> Any:
    of, event = sendings.c, events.c
    joined = sendings.outerjoin(events, (event.log == of.log) & (event.number == of.event))
    return select(sendings, event.type).select_from(joined).where(of.log == reads.log, of.endpoint == endpoint)


def _sending(reads: Reads, row: Row[Any]) -> Sending:
    return Sending(
        event=row.event,
        id=event_id(reads.log, row.event),
        type=row.type,
        state=row.state,
        tries=row.tries,
        tried=_time(row.tried_ms),
        next_try=_time(row.next_ms),
        took_ms=row.took_ms,
        status=row.status,
        words=row.words,
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)
