"""How the log grew, how it was anchored, and what became of the money that was paid in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request

from api.reads import history
from api.service import Service, service_of
from ledger.chain.units import BASE_UNITS
from ledger.statements.values import format_time
from ledger.wire.history import AnchorPoint, GrowthPoint, History, PoolMoney

router = APIRouter(prefix="/v1/audit", tags=["audit"])
MOST_POINTS: Final = 200
POINTS: Final = 60


@router.get("/history")
async def get_history(request: Request, points: Annotated[int, Query(ge=2, le=MOST_POINTS)] = POINTS) -> History:
    """How many entries the log had at up to ``points`` times from its beginning to its last entry, the anchors of
    these sizes, and what was paid into each pool, awarded and paid out.

    Seconds old.
    """
    return await history_of(service_of(request), points)


async def history_of(service: Service, points: int = POINTS) -> History:
    """The history, kept for some seconds."""
    return await service.histories.get(points, lambda: _history(service, points))


async def _history(service: Service, points: int) -> History:
    size = (await service.reader.head()).size
    course = await history.growth(service.reads, size, points)
    anchors = await history.anchors_until(service.reads, [count for _, count in course])
    money = await service.money.get(None, lambda: history.money(service.reads))
    return History(
        entries=[GrowthPoint(at=format_time(at), size=count) for at, count in course],
        anchors=[AnchorPoint(at=format_time(it.at_ms), size=it.size, transaction=it.transaction) for it in anchors],
        money=[_pool(service, place, sums) for place, sums in money.items()],
    )


def _pool(service: Service, place: tuple[int, str], sums: history.Sums) -> PoolMoney:
    own = service.deployment
    is_own = own is not None and place == (own.chain_id, own.pool)
    unit = service.unit if is_own else BASE_UNITS
    return PoolMoney(
        chain_id=place[0],
        pool=place[1],
        token=own.token if own is not None and is_own else None,
        symbol=unit.name,
        decimals=unit.decimals,
        funded=str(sums.funded),
        awarded=str(sums.awarded),
        payable=str(sums.payable),
        paid=str(sums.paid),
    )
