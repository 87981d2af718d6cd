"""Settlements: public to read; a platform may ask for one, the worker makes it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.auth import Caller, needs
from api.ids import check_id
from api.reads import orders
from api.reads import settlements as reads
from api.service import Service, service_of
from ledger.errors import NotFoundError, UnavailableError
from ledger.statements.values import MAX_COUNT, format_time
from ledger.wire import MAX_PAGE_ITEMS, AskedSettlement, Page, Settlement, SettlementRequest

router = APIRouter(prefix="/v1/settlements", tags=["settlements"])


@router.post("", status_code=202)
async def ask_settlement(
    request: Request, response: Response, caller: Annotated[Caller, needs("settle")]
) -> SettlementRequest:
    """Ask for a settlement as soon as there is something new to pay; a request that waits already is given again."""
    service = service_of(request)
    if service.deployment is None:
        raise UnavailableError(
            "This service has no pool, so there is nothing to settle.",
            remedy="Operator: run 'crowdledger deploy' and name the deployment file.",
        )
    order = await orders.ask_settlement(service.reads, caller.platform)
    reply = _order(service, order)
    response.headers["Location"] = reply.url
    return reply


@router.get("/requests")
async def list_settlement_requests(
    request: Request,
    caller: Annotated[Caller, needs("settle")],
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 20,
) -> Page[AskedSettlement]:
    """The settlements that your platform asked for, the newest first, and what became of each."""
    service = service_of(request)
    rows = await orders.settlements_asked(service.reads, caller.platform, cursors.decode(cursor), limit + 1)
    items = [
        AskedSettlement(
            id=row.id,
            state=row.state,
            detail=row.detail,
            at=format_time(row.at_ms),
            url=service.url(f"/v1/settlements/requests/{row.id}"),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=cursors.encode(rows[limit - 1].at_ms) if len(rows) > limit else None)


@router.get("/requests/{order}")
async def get_settlement_request(order: str, request: Request) -> SettlementRequest:
    """How far a request for a settlement has come."""
    service = service_of(request)
    found = await service.reader.request(check_id(order, "settlement request"))
    if found is None or found.kind != "settle":
        raise NotFoundError(f"There is no settlement request {order}.")
    return _order(service, orders.Order(found.id, found.state, found.detail))


@router.get("")
async def list_settlements(
    request: Request,
    chain_id: Annotated[int | None, Query(ge=1, le=MAX_COUNT)] = None,
    pool: Annotated[str | None, Query(pattern="^0x[0-9a-f]{40}$")] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[Settlement]:
    """The settlements of a pool, the service's own if none is named."""
    service = service_of(request)
    place = _place(service, chain_id, pool)
    if place is None:
        return Page(items=[], next=None)
    after = cursors.decode(cursor)
    rows = await reads.list_settlements(service.reads, place, after or 0, limit + 1)
    more = len(rows) > limit
    return Page(items=list(rows[:limit]), next=cursors.encode(rows[limit - 1].number) if more else None)


@router.get("/{number}")
async def get_settlement(
    number: Annotated[str, "a settlement's number"],
    request: Request,
    chain_id: Annotated[int | None, Query(ge=1, le=MAX_COUNT)] = None,
    pool: Annotated[str | None, Query(pattern="^0x[0-9a-f]{40}$")] = None,
) -> Settlement:
    """A settlement of a pool, the service's own if none is named."""
    service = service_of(request)
    place = _place(service, chain_id, pool)
    if place is None or not number.isascii() or not number.isdigit() or len(number) > 15:
        raise NotFoundError(f"There is no settlement {number}.", remedy="GET /v1/settlements lists them.")
    return await reads.find_settlement(service.reads, place, int(number))


def _place(service: Service, chain_id: int | None, pool: str | None) -> reads.Place | None:
    own = service.deployment
    chain_id = chain_id if chain_id is not None else (own.chain_id if own else None)
    pool = pool if pool is not None else (own.pool if own else None)
    return None if chain_id is None or pool is None else (chain_id, pool)


def _order(service: Service, order: orders.Order) -> SettlementRequest:
    url = service.url(f"/v1/settlements/requests/{order.id}")
    return SettlementRequest(id=order.id, state=order.state, detail=order.detail, url=url)
