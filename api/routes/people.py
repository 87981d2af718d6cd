"""People: who they are, what became of their work, what it earns, all that is kept of them, and that it goes."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import cursors
from api.auth import Caller, needs
from api.erasing import erase
from api.export import export_of
from api.mine import my_contributions
from api.payments import my_payments
from api.people import paid_to, people_lines
from api.reads.people import contributions_of
from api.reads.people_earnings import Earned, earned_by, shares_of
from api.reads.people_facts import titles_of
from api.service import service_of
from api.sessions import Session, one_of, person_entrusted, person_of_platform
from ledger.log.shapes import PersonView
from ledger.statements.values import format_time
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.people import Earning, Earnings, Erase, Erased, Me, MyContribution, Payments

router = APIRouter(prefix="/v1/contributors", tags=["people"])
_EXPORT = {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "All that is kept of them"}
_Contributor = Annotated[str | None, Query(max_length=36)]


@router.get("/me")
async def get_me(request: Request, who: Session) -> Me:
    """Who is signed in, where their pay goes, and notices about it."""
    return Me(wallet=who.wallet, people=await people_lines(service_of(request), who.people))


@router.get("/me/contributions")
async def get_contributions(
    request: Request,
    who: Session,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
    order: Literal["oldest", "newest"] = "oldest",
) -> Page[MyContribution]:
    """One's own contributions in the order of the log: content, decision, feedback, appeal, and what happens when."""
    service = service_of(request)
    rows, after = await contributions_of(
        service.reads, who.ids(), cursors.decode(cursor), limit, newest_first=order == "newest"
    )
    return Page(items=await my_contributions(service, rows, _now_ms()), next=cursors.encode(after))


@router.get("/me/earnings")
async def get_earnings(request: Request, who: Session) -> Earnings:
    """What one has earned by campaign, what is pending until when and why, and where it will be paid."""
    service = service_of(request)
    now_ms = _now_ms()

    async def shares(campaign: str) -> dict[str, int] | None:
        return await service.shares.get(campaign, lambda: shares_of(service.reads, campaign, now_ms))

    lines = await earned_by(service.reads, who.ids(), now_ms, shares)
    titles = await titles_of(service.reads, {line.campaign.opened.id for line in lines})
    return Earnings(
        items=[_earning(line, titles[line.campaign.opened.id]) for line in lines],
        paid_to=await paid_to(service, who.people, _first_final(lines)),
    )


@router.get("/me/payments")
async def get_payments(request: Request, who: Session) -> Payments:
    """What was paid to one's wallets, each payment with its transaction, the newest first."""
    return await my_payments(service_of(request), who)


@router.get("/me/export", responses={200: _EXPORT}, response_class=StreamingResponse)
async def export_me(request: Request, who: Session, contributor: _Contributor = None) -> Response:
    """Everything that is kept of oneself, receipts and openings included. Needs ``contributor`` if one is several."""
    return _export(request, one_of(who, contributor))


@router.post("/me/erase")
async def erase_me(request: Request, who: Session, contributor: _Contributor = None) -> Erased:
    """Erase for good what one wrote and was told, and what joins the public id to a person. The log stays valid."""
    return await erase(service_of(request), one_of(who, contributor), "wish")


@router.get("/{contributor:path}/export", responses={200: _EXPORT}, response_class=StreamingResponse)
async def export_contributor(contributor: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Everything that is kept of a contributor of the platform, by its own id of them."""
    return _export(request, await person_of_platform(service_of(request), caller.platform, contributor))


@router.post("/{contributor:path}/erase")
async def erase_contributor(
    contributor: str, asked: Erase, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Erased:
    """Erase a contributor of the platform, because they wish it or the law says so.

    Who entered without the platform says themselves what they wish.
    """
    service = service_of(request)
    if asked.reason == "wish":
        person = await person_entrusted(service, caller, contributor)
    else:
        person = await person_of_platform(service, caller.platform, contributor)
    return await erase(service, person, asked.reason)


def _first_final(lines: list[Earned]) -> dict[str, int]:
    """By contributor: when the first of what is pending is final."""
    found: dict[str, int] = {}
    for line in lines:
        if line.first_ms is not None:
            found[line.contributor] = min(line.first_ms, found.get(line.contributor, line.first_ms))
    return found


def _export(request: Request, person: PersonView) -> Response:
    name = f'attachment; filename="contributor-{person.id}.json"'
    body = export_of(service_of(request), person)
    return StreamingResponse(body, headers={"Content-Disposition": name}, media_type="application/json")


def _earning(line: Earned, title: str) -> Earning:
    place = line.campaign.opened.onchain
    return Earning(
        campaign=line.campaign.opened.id,
        title=title,
        contributor=line.contributor,
        unit="points" if place is None else "tokens",
        chain_id=None if place is None else place.chain_id,
        pool=None if place is None else place.pool,
        final=str(line.final),
        pending=str(line.pending),
        pending_until=None if line.until_ms is None else format_time(line.until_ms),
        why=sorted(line.why),
        shared_at_end=line.shared_at_end,
        reviewing=str(line.reviewing),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
