"""Campaigns and their tasks."""

from __future__ import annotations

import os
import time
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.auth import Caller, needs
from api.bodies import read_items
from api.lookup import find_campaign, onchain_of
from api.openapi import takes, writes
from api.problems import validation_error
from api.reads import campaigns as reads
from api.replies import batch_reply, entry_page, page_of, write_reply
from api.service import Service, new_id, service_of
from api.writing import write_each
from ledger.errors import CrowdLedgerError, FieldError
from ledger.log.items import AddTask, CloseCampaign, OpenCampaign, PoolPlace
from ledger.log.queries import Page as ViewPage
from ledger.log.shapes import CampaignView
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignOpened, Policy
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.values import format_time
from ledger.wire import (
    MAX_PAGE_ITEMS,
    BatchReply,
    Campaign,
    CampaignLine,
    CampaignWritten,
    NewCampaign,
    NewTask,
    Page,
    TaskBatch,
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
    policy: Policy = msgspec.convert(new.policy.model_dump(), Policy)
    item = OpenCampaign(
        id=new_id(),
        platform=caller.platform,
        title=new.title,
        type=new.type,
        brief=new.title if new.brief is None else new.brief,
        terms=new.terms,
        policy=policy,
        budget=new.budget,
        appeal_window=new.appeal_window,
        decision_deadline=new.decision_deadline,
        decision_default=new.decision_default,
        closing_date=new.closing_date or await _default_closing(service, caller.platform, new.external_id),
        place=_place(service, new),
        goal=new.goal,
        funding_deadline=new.funding_deadline,
        external_id=new.external_id,
    )
    written = await service.writer.write(item)
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
    """A campaign of the platform: what it promises, and how far it is."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    funds = await service.reader.funds(campaign)
    counts = await reads.count(service.reads, campaign)
    opened = row.opened
    return Campaign(
        id=opened.id,
        index=row.index,
        title=row.title,
        type=opened.type,
        brief=row.brief,
        terms=row.terms,
        terms_digest=opened.terms,
        policy=msgspec.to_builtins(opened.policy),
        budget=opened.budget,
        appeal_window=opened.appeal_window,
        decision_deadline=opened.decision_deadline,
        decision_default=opened.decision_default,
        closing_date=opened.closing_date,
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


@router.post("/{campaign}/close", **writes(Written))
async def close_campaign(campaign: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Take no more contributions; what is open is still decided and paid."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    written = await service.writer.write(CloseCampaign(platform=caller.platform, campaign=campaign))
    return await write_reply(service, written, entry_page)


@router.post("/{campaign}/tasks", **writes(Written))
async def add_task(
    campaign: str, new: NewTask, request: Request, caller: Annotated[Caller, needs("submit")]
) -> Response:
    """Add a task."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    written = await service.writer.write(_task(new, campaign, caller.platform))
    return await write_reply(service, written, entry_page)


@router.post("/{campaign}/tasks/batch", responses={200: {"model": BatchReply}}, openapi_extra=takes(TaskBatch))
async def add_tasks(campaign: str, request: Request, caller: Annotated[Caller, needs("submit")]) -> Response:
    """Add up to 1,000 tasks, each on its own."""
    # The body is read here, after the key was checked: a large one takes time that strangers do not get.
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    requests = [_read_task(item) for item in await read_items(request)]
    results = await write_each(service.writer, requests, lambda new: _task(new, campaign, caller.platform))
    return await batch_reply(service, results, entry_page)


def _read_task(item: msgspec.Raw) -> NewTask | CrowdLedgerError:
    try:
        return NewTask.model_validate_json(bytes(item))
    except ValidationError as error:
        return validation_error(list(error.errors(include_input=False)))


def _task(new: NewTask, campaign: str, platform: str) -> AddTask:
    return AddTask(
        id=new_id(),
        platform=platform,
        campaign=campaign,
        content=new.content,
        salt=os.urandom(SALT_BYTES),
        external_id=new.external_id,
    )


def _place(service: Service, new: NewCampaign) -> PoolPlace | None:
    """The service's pool for a campaign that names its opener. Raises FieldError."""
    if (new.goal is None) != (new.funding_deadline is None):
        missing = "funding_deadline" if new.goal is not None else "goal"
        raise FieldError(f"{missing}: A goal and its deadline go together.", field=missing, remedy="Send both.")
    if new.opener is None:
        if new.goal is not None:
            raise FieldError(
                "opener: A campaign with a goal is paid from a pool.", field="opener", remedy="Name who opens it there."
            )
        return None
    if service.deployment is None:
        raise FieldError(
            "opener: This service has no pool; it pays points only.",
            field="opener",
            remedy="Leave opener out, or let the operator run 'crowdledger deploy'.",
        )
    place = service.deployment
    return PoolPlace(chain_id=place.chain_id, pool=place.pool, log_id=place.log_id, opener=new.opener)


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
