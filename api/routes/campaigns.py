"""Campaigns of a platform: opened, amended, announced, paused, closed."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors, opening
from api.auth import Caller, needs
from api.lookup import find_campaign, onchain_of
from api.openapi import writes
from api.pages import words
from api.reads import campaigns as reads
from api.reads import versions
from api.replies import entry_page, page_of, write_reply
from api.service import Service, new_id, service_of
from ledger.log.items import AmendCampaign, CloseCampaign, PauseCampaign, PublishNotice, ResumeCampaign
from ledger.log.queries import Page as ViewPage
from ledger.log.shapes import CampaignView
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.values import format_time
from ledger.wire import (
    MAX_PAGE_ITEMS,
    Campaign,
    CampaignLine,
    CampaignWritten,
    NewAmendment,
    NewCampaign,
    NewNotice,
    Page,
    Written,
)
from ledger.wire.campaigns import DEFAULT_LENGTH_SECONDS
from ledger.wire.values import OwnId

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
_PAGE: Final = page_of("campaigns")


@router.post("", **writes(CampaignWritten))
async def open_campaign(new: NewCampaign, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Open a campaign; with ``opener`` the reply has all that opens it in the pool."""
    service = service_of(request)
    closing_date = new.closing_date or await _default_closing(service, caller.platform, new.external_id)
    written = await service.writer.write(opening.campaign_item(service, new, caller.platform, closing_date))
    opened = kinds.parse(written.statement)
    assert isinstance(opened, CampaignOpened)
    onchain = onchain_of(opened)
    return await write_reply(
        service, written, _PAGE, onchain=None if onchain is None else onchain.model_dump(mode="json")
    )


@router.get("")
async def list_campaigns(
    request: Request,
    caller: Annotated[Caller, needs(None)],
    external_id: Annotated[OwnId | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[CampaignLine]:
    """The platform's campaigns in the order of the log."""
    service = service_of(request)
    page = await _own_campaigns(service, caller.platform, external_id, cursors.decode(cursor), limit)
    lines = [
        CampaignLine(
            id=row.id, index=row.index, title=row.title, closed=row.closed, url=service.url(f"/campaigns/{row.id}")
        )
        for row in page.items
    ]
    return Page(items=lines, next=cursors.encode(page.next))


@router.get("/{campaign}")
async def get_campaign(campaign: str, request: Request, caller: Annotated[Caller, needs(None)]) -> Campaign:
    """A campaign of the platform in its current version: what it promises, and how far it is."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    funds = await service.reader.funds(campaign)
    counts = await reads.count(service.reads, campaign)
    opened = row.opened
    found = await versions.load(service.reads, row)
    now = found.current
    return Campaign(
        id=opened.id,
        index=row.index,
        title=row.title,
        type=opened.type,
        version=now.number,
        brief=now.brief,
        brief_digest=now.brief_digest,
        terms=now.terms,
        terms_digest=now.terms_digest,
        policy=msgspec.to_builtins(now.holds.policy),
        pay=words.policy(now.holds.policy, service.unit_of(opened)),
        budget=str(now.holds.budget),
        reviewer_rate=str(now.holds.reviewer_rate),
        bonus_limit=opened.bonus_limit,
        appeal_window=opened.appeal_window,
        decision_deadline=opened.decision_deadline,
        decision_default=opened.decision_default,
        appeal_deadline=opened.appeal_deadline,
        appeal_default=opened.appeal_default,
        closing_date=opened.closing_date,
        judging=_part(opened.judging),
        sealed=_part(opened.sealed),
        limits=_part(opened.limits),
        requires=_part(opened.requires),
        revisions=_part(opened.revisions),
        pilot=opened.pilot,
        direct=opened.direct,
        second_looks=opened.second_looks,
        paused=found.is_paused,
        closed=row.closed,
        opened_at=opened.at,
        onchain=onchain_of(opened),
        contributions=counts.contributions,
        decided=counts.decided,
        accepted=counts.accepted,
        funded=None if funds is None else str(funds.funded),
        settled=await reads.settled(service.reads, opened),
        url=service.url(f"/campaigns/{opened.id}"),
    )


@router.post("/{campaign}/amend", **writes(Written))
async def amend_campaign(
    campaign: str, new: NewAmendment, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Response:
    """Change what holds from now on; what was submitted before keeps at least its pay."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    if new.brief is not None:
        judging = row.opened.judging
        opening.check_criteria(new.brief, [] if judging is None else judging.criteria or [])
    item = AmendCampaign(
        platform=caller.platform,
        campaign=campaign,
        version=new.version,
        brief=None if new.brief is None else new.brief.document(),
        terms=new.terms,
        policy=None if new.policy is None else opening.said_policy(new.policy),
        budget=new.budget,
        reviewer_rate=new.reviewer_rate,
    )
    written = await service.writer.write(item)
    for kept in (service.figures, service.records, service.earned):
        kept.forget(campaign)
    return await write_reply(service, written, entry_page)


@router.post("/{campaign}/notices", **writes(Written))
async def publish_notice(
    campaign: str, new: NewNotice, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Response:
    """Tell every entrant something: news, or the answer to a question that one of them asked."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    item = PublishNotice(
        id=new_id(),
        platform=caller.platform,
        campaign=campaign,
        type=new.type,
        text=new.text,
        external_id=new.external_id,
    )
    return await write_reply(service, await service.writer.write(item), entry_page)


@router.post("/{campaign}/pause", **writes(Written))
async def pause_campaign(campaign: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Take no contributions for now; the deadlines of what was submitted go on."""
    return await _act(request, caller, campaign, PauseCampaign(platform=caller.platform, campaign=campaign))


@router.post("/{campaign}/resume", **writes(Written))
async def resume_campaign(campaign: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Take contributions again; after a pilot, the campaign is fully open from here on."""
    return await _act(request, caller, campaign, ResumeCampaign(platform=caller.platform, campaign=campaign))


@router.post("/{campaign}/close", **writes(Written))
async def close_campaign(campaign: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Take no more contributions; what is open is still decided and paid."""
    return await _act(request, caller, campaign, CloseCampaign(platform=caller.platform, campaign=campaign))


async def _act(
    request: Request, caller: Caller, campaign: str, item: PauseCampaign | ResumeCampaign | CloseCampaign
) -> Response:
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    return await write_reply(service, await service.writer.write(item), entry_page)


def _part(part: Any) -> dict[str, Any] | None:
    return None if part is None else dict(msgspec.to_builtins(part))


async def _default_closing(service: Service, platform: str, external_id: str | None) -> str:
    """A year from now; for a campaign that is sent again its first date, so that it is the same request."""
    if external_id is not None:
        earlier = await service.reader.external(platform, "campaign", external_id)
        if earlier is not None:
            return (await find_campaign(service.reader, earlier.subject)).opened.closing_date
    return format_time(time.time_ns() // 1_000_000 + DEFAULT_LENGTH_SECONDS * 1000)


async def _own_campaigns(
    service: Service, platform: str, external_id: str | None, after: int | None, limit: int
) -> ViewPage[CampaignView]:
    if external_id is None:
        return await service.reader.campaigns(platform, after=after, limit=limit)
    named = await service.reader.external(platform, "campaign", external_id)
    found = None if named is None else await service.reader.campaign(named.subject)
    return ViewPage([] if found is None else [found], None)
