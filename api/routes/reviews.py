"""Reviews: what waits for a judge, what a judge says, and the decision that follows."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.auth import Caller, needs
from api.deciding import decide_by_reviews, written_before
from api.judges import named_judge
from api.lookup import Campaign, find_campaign, find_contribution
from api.openapi import writes
from api.reads import queues, reviewers, versions
from api.reads.openings import content_of, openings
from api.reads.people import own_ids
from api.reads.queues import Waiting
from api.replies import entry_page, page_of, write_reply
from api.service import Service, new_id, service_of
from ledger.errors import FieldError, RuleError, UnavailableError
from ledger.log.items import Review
from ledger.log.queries import chunks
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES, Opening
from ledger.statements.values import format_time, uuid4
from ledger.wire import NewReview, Page, Queue, QueueItem, ReviewerFigures, Reviewers, ReviewWritten, Written
from ledger.wire.values import OwnId

router = APIRouter(prefix="/v1", tags=["reviews"])
MAX_WORDS_BYTES: Final = 12 * 1024
"""What one judge says; that of all twenty fits into one feedback."""
_MOST_ITEMS: Final = 50


@router.post("/reviews", **writes(ReviewWritten))
async def give_review(new: NewReview, request: Request, caller: Annotated[Caller, needs("review")]) -> Response:
    """Judge a contribution, or a rejection once more; where this makes the outcome sure, the decision is written."""
    service = service_of(request)
    row = await find_contribution(service.reader, new.contribution, caller.platform)
    campaign = await find_campaign(service.reader, row.campaign)
    written = await service.writer.write(_item(new, campaign, caller))
    row = await find_contribution(service.reader, new.contribution, caller.platform)
    try:
        decision = await decide_by_reviews(service, row)
    except (RuleError, UnavailableError):
        decision = None  # the review stands; what follows from it is decided on request, or by the declared default
    standing = row.decision.id if decision is None and row.decision is not None and not new.second_look else None
    return await write_reply(service, written, entry_page, decision=standing if decision is None else decision.id)


@router.post("/contributions/{contribution}/decide", **writes(Written))
async def decide_contribution(
    contribution: str, request: Request, caller: Annotated[Caller, needs("review")]
) -> Response:
    """Write the decision that follows from the reviews, if it was not written with the last of them."""
    service = service_of(request)
    row = await find_contribution(service.reader, contribution, caller.platform)
    decision = await decide_by_reviews(service, row)
    if decision is None and row.decision is not None:
        decision = await written_before(service, row.decision)
    if decision is None:
        raise RuleError(
            "From the reviews that were given nothing follows yet.",
            rule="reviews-enough",
            remedy="Send more reviews, or a decision where the campaign has no judges.",
        )
    return await write_reply(service, decision, page_of("d"))


@router.get("/campaigns/{campaign}/queue")
async def get_queue(
    campaign: str,
    request: Request,
    caller: Annotated[Caller, needs("review")],
    reviewer: Annotated[OwnId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_ITEMS)] = 10,
) -> Queue:
    """What this reviewer may judge next, without its author or what others said: appeals and what is urgent first.

    A member's session leaves ``reviewer`` out: it is that member.
    """
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    book = (await versions.load(service.reads, row)).book
    public = await service.reader.contributor(caller.platform, named_judge(caller.member, reviewer))
    found = await queues.queue(service.reads, book, public, time.time_ns() // 1_000_000, limit)
    return Queue(items=await _items(service, row, found, second_look=False))


@router.get("/campaigns/{campaign}/second-looks")
async def list_second_looks(
    campaign: str,
    request: Request,
    caller: Annotated[Caller, needs("review")],
    reviewer: Annotated[OwnId | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_ITEMS)] = 10,
) -> Page[QueueItem]:
    """Rejections that were drawn to be judged blind once more, and that this reviewer may judge."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    book = (await versions.load(service.reads, row)).book
    public = await service.reader.contributor(caller.platform, named_judge(caller.member, reviewer))
    now_ms = time.time_ns() // 1_000_000
    found, after = await queues.second_looks(service.reads, book, public, now_ms, cursors.decode(cursor), limit)
    return Page(items=await _items(service, row, found, second_look=True), next=cursors.encode(after))


@router.get("/campaigns/{campaign}/reviewers")
async def get_reviewers(campaign: str, request: Request, caller: Annotated[Caller, needs("review")]) -> Reviewers:
    """How far the judges of a campaign agree, and each one's record, from the newest decisions."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    made = await reviewers.decided(service.reads, campaign)
    counts = await reviewers.review_counts(service.reads, campaign)
    records = reviewers.records(made, await reviewers.rated(service.reads, made))
    people = reviewers.named(counts, records)
    own = await _own_ids(service, people)
    lines = []
    for who in people:
        record = records.get(who, reviewers.Record())
        line = ReviewerFigures(
            reviewer=own.get(who, who),
            public_id=who,
            reviews=counts.get(who, 0),
            decisions=record.decisions,
            overturned=record.overturned,
            agreement=reviewers.agreed(record),
            ratings=len(record.scores),
            rating=reviewers.mean(record.scores),
        )
        lines.append(line)
    return Reviewers(agreement=reviewers.agreement_of(made), reviewers=lines, complete=made.complete)


def _item(new: NewReview, campaign: Campaign, caller: Caller) -> Review:
    """The writer's item of a review. Raises FieldError, ForbiddenError."""
    reviewer = named_judge(caller.member, new.reviewer)
    judging = campaign.opened.judging
    criteria = [] if judging is None else judging.criteria or []
    if criteria and (new.scores is None or new.score is not None or len(new.scores) != len(criteria)):
        names = ", ".join(each.name for each in criteria)
        raise FieldError(
            "scores: Judges score each criterion here, and the score follows from them.",
            field="scores",
            remedy=f"Send {len(criteria)} scores in this order: {names}; and no score.",
        )
    if not criteria and new.scores is not None:
        raise FieldError("scores: There are no criteria to score.", field="scores", remedy="Send one score.")
    words = b"" if new.words is None else canonical.encode(new.words)
    if len(words) > MAX_WORDS_BYTES:
        raise FieldError(
            f"words: They have {len(words)} bytes; {MAX_WORDS_BYTES} are allowed.",
            field="words",
            remedy="Say it in fewer words.",
            limit=MAX_WORDS_BYTES,
        )
    return Review(
        id=new_id(),
        platform=caller.platform,
        contribution=new.contribution,
        reviewer=reviewer,
        fresh_id=uuid4(os.urandom(16)),
        verdict=new.verdict,
        salt=os.urandom(SALT_BYTES),
        score=None if criteria else new.score or ("1" if new.verdict == "accepted" else "0"),
        scores=None if new.scores is None else tuple(new.scores),
        words=new.words,
        second_look=new.second_look,
        external_id=new.external_id,
    )


async def _items(
    service: Service, campaign: Campaign, found: Sequence[Waiting], *, second_look: bool
) -> list[QueueItem]:
    tasks = await openings(service.reads, "task", (each.task for each in found))
    contents = await openings(service.reads, "contribution", (each.contribution for each in found))
    grounds = await openings(service.reads, "appeal", (each.appeal for each in found))
    judging = campaign.opened.judging
    criteria = [] if judging is None else [each.name for each in judging.criteria or []]
    return [
        QueueItem(
            kind="second_look" if second_look else "review" if each.appeal is None else "appeal",
            contribution=each.contribution,
            appeal=each.appeal,
            task=content_of(tasks, each.task),
            content=content_of(contents, each.contribution)
            if each.contribution in contents
            else _brought(content_of(grounds, each.appeal)),
            grounds=_said(content_of(grounds, each.appeal)),
            criteria=criteria if each.appeal is None else [],
            reviews_given=each.reviews,
            deadline=format_time(each.deadline_ms),
        )
        for each in found
    ]


def _said(appeal: JsonValue) -> JsonValue:
    """The grounds alone: the opening that a contributor may bring names them."""
    return appeal.get("grounds") if isinstance(appeal, dict) else None


def _brought(appeal: JsonValue) -> JsonValue:
    """The content in the opening that the contributor brought, which was checked against the commitment then."""
    opening = appeal.get("opening") if isinstance(appeal, dict) else None
    return Opening.parse(canonical.encode(opening)).content() if isinstance(opening, dict) else None


async def _own_ids(service: Service, people: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(people):
        found |= await own_ids(service.reads, part)
    return found
