"""Pages about the log: overview, entry, campaign, contribution."""

from __future__ import annotations

import hashlib
import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.lookup import find_campaign, find_contribution, find_decision
from api.pages import words
from api.pages.progress import progress_of
from api.pages.rendering import page
from api.reads import campaigns, versions
from api.reads.calls import list_notices
from api.routes.audit import summarise
from api.routes.figures import figures_of
from api.routes.receipts import known_index
from api.service import service_of
from api.states import state_of
from ledger.statements import kinds
from ledger.statements.values import time_ms
from ledger.tree.merkle import leaf_hash

router = APIRouter()
_NOTICES = 50


@router.get("/")
async def overview(request: Request) -> Response:
    """What this is, how long the log is, and where it is anchored."""
    summary = await summarise(service_of(request))
    age = None if summary.anchor is None else words.duration(summary.anchor.age_seconds)
    return page(request, "overview.html", summary=summary, anchor_age=age, last_ms=time_ms(summary.last_at))


@router.get("/c/{contribution}")
async def contribution_page(contribution: str, request: Request) -> Response:
    """What became of a contribution: received, decided, payable when, and the receipt to keep."""
    service = service_of(request)
    row = await find_contribution(service.reader, contribution)
    campaign = await find_campaign(service.reader, row.campaign)
    progress = await progress_of(service, row, campaign)
    state = state_of(await service.anchor.get(), row.index)
    return page(
        request,
        "contribution.html",
        row=row,
        campaign=campaign,
        progress=progress,
        state=state,
        state_words=words.STATES[state],
    )


@router.get("/d/{decision}")
async def decision_page(decision: str, request: Request) -> Response:
    """A decision is shown with its contribution."""
    service = service_of(request)
    row = await find_decision(service.reader, decision)
    return RedirectResponse(f"{service.base}/c/{row.contribution}", 302)


@router.get("/e/{index}")
async def entry_page(index: str, request: Request) -> Response:
    """An entry as it stands in the log."""
    service = service_of(request)
    number = await known_index(service, index)
    (statement,) = await service.reader.statements(number, number + 1)
    parsed = kinds.parse(statement)
    return page(
        request,
        "entry.html",
        index=number,
        size=(await service.reader.head()).size,
        kind=str(parsed.__struct_config__.tag),
        at_ms=time_ms(parsed.at),
        statement=json.loads(statement),
        digest=hashlib.sha256(statement).hexdigest(),
        leaf=leaf_hash(statement).hex(),
        state_words=words.STATES[state_of(await service.anchor.get(), number)],
    )


@router.get("/campaigns/{campaign}")
async def campaign_page(campaign: str, request: Request) -> Response:
    """A campaign: what it asks, what it pays, how far it is, and how people fared there."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign)
    opened = row.opened
    unit = service.unit_of(opened)
    found = await versions.load(service.reads, row)
    now = found.current
    return page(
        request,
        "campaign.html",
        row=row,
        opened=opened,
        unit=unit,
        now=now,
        paused=found.is_paused,
        policy=words.policy(now.holds.policy, unit),
        rules=words.rules(found.book),
        closing_ms=time_ms(opened.closing_date),
        figures=await figures_of(service, found),
        notices=(await list_notices(service.reads, campaign, None, _NOTICES)).items,
        funds=await service.reader.funds(campaign),
        settled=await campaigns.settled(service.reads, opened),
    )
