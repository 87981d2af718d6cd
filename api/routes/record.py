"""The public record of a campaign: how it goes, and what its contributors have earned by public id."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request

from api import cursors
from api.lookup import find_campaign
from api.reads import record as reads
from api.reads import reviewers, versions
from api.reads.people_earnings import shares_of
from api.reads.record import Earner
from api.reads.versions import Versions
from api.routes.figures import figures_of
from api.routes.signals import look
from api.service import Service, service_of
from ledger.book import policies
from ledger.statements.values import format_time
from ledger.wire import MAX_PAGE_ITEMS, CampaignRecord, ContributorReward, Page
from ledger.wire.record import SignCount, Signs

router = APIRouter(prefix="/v1/campaigns", tags=["public figures"])
LEAST_PEOPLE: Final = 20
"""Among fewer people a count of signs could point at one of them."""
_REST: Final = 2.0
"""Signs are looked for with a third of a process at most: they are kept for minutes, and others wait for theirs."""
NO_SIGNS: Final = Signs(looked_at=0, counts=None)


@router.get("/{campaign}/record")
async def get_record(campaign: str, request: Request) -> CampaignRecord:
    """How a campaign went so far: figures, decisions over time, agreement of its judges, signs of fraud by kind.

    Seconds old; of very large campaigns, minutes.
    """
    service = service_of(request)
    found = await versions.load(service.reads, await find_campaign(service.reader, campaign))
    record = await service.records.get(campaign, lambda: record_of(service, found))
    return record.model_copy(update={"signs": await service.signs.get(campaign, lambda: signs_of(service, campaign))})


@router.get("/{campaign}/rewards")
async def list_rewards(
    campaign: str,
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[ContributorReward]:
    """What each contributor (public id) has earned in a campaign as it stands, the most first."""
    service = service_of(request)
    found = await versions.load(service.reads, await find_campaign(service.reader, campaign))
    earners = await service.earned.get(campaign, lambda: earned_of(service, found))
    after = cursors.decode(cursor) or 0
    return page_of_rewards(earners, after, limit)


def page_of_rewards(earners: list[Earner], after: int, limit: int) -> Page[ContributorReward]:
    """The lines of those behind the first ``after``."""
    end = after + limit
    items = [each.line() for each in earners[after:end]]
    return Page(items=items, next=cursors.encode(end) if end < len(earners) else None)


async def record_of(service: Service, found: Versions) -> CampaignRecord:
    """The record of a campaign, counted now, but for its signs, which take longer and are kept on their own."""
    campaign = found.book.opened.id
    course = await reads.course(service.reads, found.book)
    made = await reviewers.decided(service.reads, campaign)
    return CampaignRecord(
        counted_at=format_time(_now_ms()),
        figures=await figures_of(service, found),
        stretch_seconds=course.seconds,
        course=course.stretches,
        agreement=await asyncio.to_thread(reviewers.agreement_of, made),  # thousands of fractions take a while
        signs=NO_SIGNS,
    )


async def earned_of(service: Service, found: Versions) -> list[Earner]:
    """What every contributor earned, counted now."""
    book, now_ms = found.book, _now_ms()
    once = isinstance(book.versions[-1].policy, policies.ONCE_FOR_ALL)
    shares: dict[str, int] | None = None
    if once and (found.row.closed or now_ms > book.last_submission_ms):
        shares = await service.shares.get(book.opened.id, lambda: shares_of(service.reads, book.opened.id, now_ms))
    return await reads.rewards(service.reads, book, now_ms, shares)


async def signs_of(service: Service, campaign: str) -> Signs:
    """Counts by kind. They name nobody, and among few people there are none: a sign is no verdict on a person."""
    people = await reads.contributors(service.reads, campaign, LEAST_PEOPLE)
    if people < LEAST_PEOPLE:
        return NO_SIGNS
    found = await look(service.reads, campaign, None, rest=_REST)
    counts: dict[str, int] = {}
    for each in found.signals:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    lines = [SignCount(kind=kind, count=count) for kind, count in sorted(counts.items())]
    return Signs(looked_at=found.looked_at, counts=lines)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
