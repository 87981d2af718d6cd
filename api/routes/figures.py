"""What everybody may see of campaigns: those that can be worked for, their calls and notices, their record."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request

from api import cursors
from api.lookup import Campaign as CampaignRow
from api.lookup import find_campaign
from api.pages import words
from api.reads import calls, figures, versions
from api.reads.money import money
from api.reads.standing import groups
from api.reads.versions import Versions
from api.service import Service, service_of
from ledger.statements.values import format_time
from ledger.wire import MAX_PAGE_ITEMS, BriefVersion, Figures, Money, Notice, OpenCampaign, Page

router = APIRouter(prefix="/v1/campaigns", tags=["public figures"])
_MOST_OPEN: Final = 50


@router.get("/open")
async def list_open_campaigns(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_OPEN)] = 20,
) -> Page[OpenCampaign]:
    """Campaigns that can be worked for, with pay, what is left of the budget, and how others fared there."""
    service = service_of(request)
    page = await calls.open_campaigns(service.reads, _now_ms(), cursors.decode(cursor), limit)
    return Page(items=[await _line(service, row) for row in page.items], next=cursors.encode(page.next))


@router.get("/{campaign}/brief")
async def get_brief(campaign: str, request: Request) -> Page[BriefVersion]:
    """The published call of a campaign: all its versions with their digests, the one that holds now last."""
    service = service_of(request)
    found = await versions.load(service.reads, await find_campaign(service.reader, campaign))
    unit = service.unit_of(found.row.opened)
    items = [
        BriefVersion(
            version=each.number,
            index=each.holds.index,
            at=each.at,
            brief=each.brief,
            brief_digest=each.brief_digest,
            terms=each.terms,
            terms_digest=each.terms_digest,
            policy=msgspec.to_builtins(each.holds.policy),
            pay=words.policy(each.holds.policy, unit),
            budget=str(each.holds.budget),
            reviewer_rate=str(each.holds.reviewer_rate),
        )
        for each in found.texts
    ]
    return Page(items=items, next=None)


@router.get("/{campaign}/notices")
async def list_notices(
    campaign: str,
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Page[Notice]:
    """News of a campaign and answers to questions, for every entrant alike."""
    service = service_of(request)
    await find_campaign(service.reader, campaign)
    page = await calls.list_notices(service.reads, campaign, cursors.decode(cursor), limit)
    return Page(items=page.items, next=cursors.encode(page.next))


@router.get("/{campaign}/figures")
async def get_figures(campaign: str, request: Request) -> Figures:
    """The public record of a campaign: money, acceptance, appeals, times, second looks, ratings.

    Seconds old; of very large campaigns, minutes.
    """
    service = service_of(request)
    row = await find_campaign(service.reader, campaign)
    return await figures_of(service, await versions.load(service.reads, row))


async def figures_of(service: Service, found: Versions) -> Figures:
    """The figures of a campaign, kept for some seconds."""
    return await service.figures.get(found.book.opened.id, lambda: measure(service, found))


async def measure(service: Service, found: Versions) -> Figures:
    """The figures of a campaign, counted now."""
    reads, book, now_ms = service.reads, found.book, _now_ms()
    stand = await groups(reads, book, now_ms)
    sums = await money(reads, book, stand)
    unit = service.unit_of(book.opened)
    return Figures(
        campaign=book.opened.id,
        money=Money(
            limit=str(sums.limit),
            earned=str(sums.earned),
            open=str(sums.open),
            left=str(sums.left),
            used_up=sums.used_up,
            unit=unit.name,
            decimals=unit.decimals,
        ),
        acceptance=figures.acceptance(stand),
        appeals=await figures.appeal_figures(reads, book, now_ms),
        decision_median_seconds=await figures.decision_seconds(reads, book),
        decision_deadline=book.opened.decision_deadline,
        second_looks=await figures.second_looks(reads, book),
        ratings=await figures.ratings(reads, book),
    )


async def _line(service: Service, row: CampaignRow) -> OpenCampaign:
    found = await versions.load(service.reads, row)
    opened, now = row.opened, found.current
    brief = now.brief if isinstance(now.brief, dict) else {}
    return OpenCampaign(
        id=opened.id,
        title=row.title,
        type=opened.type,
        problem=str(brief.get("problem", row.title)),
        mode=str(brief.get("mode", "")),
        version=now.number,
        pay=words.policy(now.holds.policy, service.unit_of(opened)),
        policy=msgspec.to_builtins(now.holds.policy),
        reviewer_rate=str(now.holds.reviewer_rate),
        appeal_window=opened.appeal_window,
        decision_deadline=opened.decision_deadline,
        decision_default=opened.decision_default,
        appeal_deadline=opened.appeal_deadline,
        appeal_default=opened.appeal_default,
        closing_date=opened.closing_date,
        open_until=format_time(found.book.last_submission_ms),
        goal=opened.goal,
        limits=_part(opened.limits),
        requires=_part(opened.requires),
        sealed=_part(opened.sealed),
        pilot=opened.pilot,
        direct=opened.direct,
        paused=found.is_paused,
        figures=await figures_of(service, found),
        brief=service.url(f"/v1/campaigns/{opened.id}/brief"),
        url=service.url(f"/campaigns/{opened.id}"),
    )


def _part(part: Any) -> dict[str, Any] | None:
    return None if part is None else dict(msgspec.to_builtins(part))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
