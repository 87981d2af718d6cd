"""The first page, how the log grows and where its money is, and the list of campaigns."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.pages import words
from api.pages.charts import labels
from api.pages.contributor import explorer
from api.pages.languages import amount, date, number, text
from api.pages.rendering import page
from api.reads import versions
from api.reads.campaign_list import Listed, newest
from api.reads.summary import NOT_COUNTED
from api.routes.audit import summarise
from api.routes.figures import measure
from api.routes.history import history_of
from api.service import Service, service_of
from ledger.chain.units import Unit
from ledger.pictures import Picture, bars, growth
from ledger.statements.values import time_ms
from ledger.wire import Figures
from ledger.wire.history import History, PoolMoney

router = APIRouter()
_FEW: Final = 3
_LISTED: Final = 12
_PATIENCE_SECONDS: Final = 0.15
"""How long a page waits for all that is counted; what takes longer comes with the next look."""
_ROWS: Final = 12
"""Lines of the table below the picture."""


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign in a list."""

    listed: Listed
    title: str
    pay: str
    is_paused: bool
    figures: Figures | None
    left: str | None


@dataclass(frozen=True, slots=True)
class PoolCard:
    """A pool's money: a picture of what was paid in, awarded and paid out, and the same in words."""

    money: PoolMoney
    picture: Picture
    rows: list[tuple[str, str]]


@router.get("/")
async def overview(request: Request) -> Response:
    """What this is, how the log grows, where it is anchored, and what was paid."""
    service = service_of(request)
    counts = await service.counts.soon(_PATIENCE_SECONDS)
    summary = await summarise(service, counts or NOT_COUNTED)
    history = await history_of(service)
    found = await newest(service.reads, _now_ms(), None, _FEW, open_only=True)
    return page(
        request,
        "overview.html",
        summary=summary,
        is_counted=counts is not None,
        last_ms=time_ms(summary.last_at),
        anchor_ms=time_ms(history.anchors[-1].at) if history.anchors else None,
        course=_course(history),
        course_rows=_rows(history),
        pools=[_pool(each) for each in history.money],
        explorer=explorer(service),
        campaigns=await _cards(service, found.items),
    )


@router.get("/campaigns")
async def campaign_list(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    show: Annotated[str, Query(max_length=10)] = "open",
) -> Response:
    """Campaigns, the newest first: those that can be worked for, or all."""
    service = service_of(request)
    is_all = show == "all"
    found = await newest(service.reads, _now_ms(), cursors.decode(cursor), _LISTED, open_only=not is_all)
    return page(
        request,
        "campaigns.html",
        campaigns=await _cards(service, found.items),
        next=cursors.encode(found.next),
        is_all=is_all,
        is_first=cursor is None,
    )


async def _cards(service: Service, listed: list[Listed]) -> list[Card]:
    """The campaigns with their figures as far as these are there in time, all counted at once."""
    loaded = [await versions.load(service.reads, each.row) for each in listed]
    asked = [
        service.figures.soon(found.book.opened.id, partial(measure, service, found), _PATIENCE_SECONDS)
        for found in loaded
    ]
    cards = []
    for each, found, figures in zip(listed, loaded, await asyncio.gather(*asked), strict=True):
        unit = service.unit_of(each.row.opened)
        cards.append(
            Card(
                listed=each,
                title=each.row.title,
                pay=words.policy(found.current.holds.policy, unit),
                is_paused=found.is_paused,
                figures=figures,
                left=None if figures is None else amount(figures.money.left, unit),
            )
        )
    return cards


def _course(history: History) -> Picture:
    points = [(time_ms(each.at), each.size) for each in history.entries]
    desc = ""
    if points:
        desc = text(
            "From {first} to {last} the log grew to {count} entries.",
            first=date(points[0][0]),
            last=date(points[-1][0]),
            count=points[-1][1],
        )
    return growth(points, title=text("Entries over time"), desc=desc, labels=labels())


def _rows(history: History) -> list[tuple[str, str]]:
    """The course as a table: some of its points, the last one among them."""
    entries = history.entries
    step = max(1, len(entries) // _ROWS)
    return [(date(time_ms(each.at)), number(each.size)) for each in entries[::-step][::-1]]


def _pool(money: PoolMoney) -> PoolCard:
    unit = Unit(money.symbol, money.decimals)
    sums = [
        (text("Paid in for campaigns"), int(money.funded)),
        (text("Awarded for work"), int(money.awarded)),
        (text("Of it to linked wallets"), int(money.payable)),
        (text("Paid out"), int(money.paid)),
    ]
    rows = [(name, amount(units, unit)) for name, units in sums]
    picture = bars(
        sums,
        title=text("Money of the campaigns"),
        desc=" ".join(text("{name}: {amount}.", name=name, amount=words) for name, words in rows),
        shown=lambda units: amount(units, unit),
    )
    return PoolCard(money, picture, rows)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
