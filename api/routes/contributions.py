"""Contributions: written one by one or in batches (hot), read back by their platform."""

from __future__ import annotations

import os
import time
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import cursors
from api.auth import Caller, needs
from api.bodies import decode, document, read_batch, read_body
from api.lookup import Decision as DecisionRow
from api.lookup import find_campaign, find_contribution, standing_decision
from api.mine import payable_from
from api.openapi import gives, writes
from api.reads.people import appeals_of, own_ids
from api.reads.people_facts import facts_about
from api.replies import batch_reply, entry_page, page_of, write_reply
from api.sealing import check_own_id, check_sealed
from api.service import Service, service_of
from api.sessions import Bearer, own_contribution
from api.states import state_of
from api.writing import write_each
from ledger.errors import FieldError, NotFoundError
from ledger.log.items import Reveal, Submit, Withdraw
from ledger.log.queries import Page as ViewPage
from ledger.log.shapes import ContributionView
from ledger.statements.contributions import Signature
from ledger.statements.values import format_time, uuid4, uuid7
from ledger.wire import MAX_PAGE_ITEMS, Contribution, ContributionLine, Decision, NewContribution, Page, Written, sealed
from ledger.wire.values import OwnId

router = APIRouter(prefix="/v1/contributions", tags=["contributions"])
_DECODER: Final = msgspec.json.Decoder(NewContribution)
_PAGE: Final = page_of("c")
_CONTENTS_A_PAGE: Final = 100


def contribution_item(new: NewContribution, platform: str) -> Submit:
    """The writer's item of a request. Raises FieldError."""
    if new.task is not None and new.task_external_id is not None:
        raise FieldError(
            "task_external_id: The task is named twice.", field="task_external_id", remedy="Send one of the two."
        )
    if new.signature is not None and new.salt is None:
        raise FieldError(
            "salt: A signature is over a commitment, which needs your salt.", field="salt", remedy="Send the salt too."
        )
    check_own_id(new.contributor, "contributor")
    check_sealed(new.content, new.salt, new.commitment, new.contributor_id)
    random = os.urandom(58)
    return Submit(
        id=uuid7(time.time_ns() // 1_000_000, random[:10]),
        platform=platform,
        campaign=new.campaign,
        contributor=new.contributor,
        fresh_id=new.contributor_id or uuid4(random[10:26]),
        contributor_id=new.contributor_id,
        content=None if new.content is msgspec.UNSET else document(new.content, "content"),
        commitment=new.commitment,
        salt=random[26:] if new.salt is None else bytes.fromhex(new.salt),
        task=new.task,
        task_external_id=new.task_external_id,
        terms=new.terms,
        replaces=new.replaces,
        signature=new.signature,
        external_id=new.external_id,
    )


async def submit(request: Request) -> Response:
    """Write one contribution."""
    service = service_of(request)
    caller = await service.keys.caller(request, "submit")
    body = await read_body(request)
    written = await service.writer.write_made(
        lambda: contribution_item(decode(body, _DECODER), caller.platform), len(body)
    )
    return await write_reply(service, written, _PAGE)


async def submit_batch(request: Request) -> Response:
    """Write up to 1,000 contributions, each on its own."""
    service = service_of(request)
    caller = await service.keys.caller(request, "submit")
    items = await read_batch(request, _DECODER)
    results = await write_each(service.writer, items, lambda new: contribution_item(new, caller.platform))
    return await batch_reply(service, results, _PAGE)


hot_routes = [
    Route("/v1/contributions", submit, methods=["POST"]),
    Route("/v1/contributions/batch", submit_batch, methods=["POST"]),
]


@router.get("")
async def list_contributions(
    request: Request,
    caller: Annotated[Caller, needs(None)],
    campaign: Annotated[str | None, Query(max_length=36)] = None,
    external_id: Annotated[OwnId | None, Query()] = None,
    content: Annotated[bool, Query(description="with their contents, at most 100 a page")] = False,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[ContributionLine]:
    """The platform's contributions in the order of the log."""
    service = service_of(request)
    if campaign is not None:
        await find_campaign(service.reader, campaign, caller.platform)
    after = cursors.decode(cursor)
    most = min(limit, _CONTENTS_A_PAGE) if content else limit
    page = await _own_contributions(service, caller.platform, campaign, external_id, after, most)
    people = await own_ids(service.reads, (row.contributor for row in page.items))
    wanted = [("contribution", row.id) for row in page.items] if content else []
    openings = await service.reader.openings(wanted)
    lines = [
        ContributionLine(
            id=row.id,
            index=row.index,
            at=format_time(row.at_ms),
            campaign=row.campaign,
            contributor=people[row.contributor],
            public_contributor=row.contributor,
            task=row.task,
            replaced_by=row.replaced_by,
            withdrawn=row.withdrawn is not None,
            decision=None if row.decision is None else row.decision.id,
            verdict=None if row.decision is None else row.decision.verdict,
            url=service.url(f"/c/{row.id}"),
            content=opening.content() if (opening := openings.get(("contribution", row.id))) else None,
        )
        for row in page.items
    ]
    return Page(items=lines, next=cursors.encode(page.next))


@router.get("/{contribution}")
async def get_contribution(contribution: str, request: Request, caller: Annotated[Caller, needs(None)]) -> Contribution:
    """A contribution of the platform with its content, the decision that stands and when it is payable."""
    service = service_of(request)
    row = await find_contribution(service.reader, contribution, caller.platform)
    campaign = await find_campaign(service.reader, row.campaign)
    opening = await service.reader.opening("contribution", row.id)
    standing = await standing_decision(service.reader, row)
    people = await own_ids(service.reads, [row.contributor])
    facts = await facts_about(service.reads, {row.first, row.campaign})
    filed = (await appeals_of(service.reads, [row.id])).get(row.id, [])
    return Contribution(
        id=row.id,
        index=row.index,
        at=format_time(row.at_ms),
        status=state_of(await service.anchor.get(), row.index),
        campaign=row.campaign,
        contributor=people[row.contributor],
        public_contributor=row.contributor,
        task=row.task,
        content=None if opening is None else opening.content(),
        replaced_by=row.replaced_by,
        withdrawn=row.withdrawn is not None,
        decision=None if standing is None else await _decision(service, standing, campaign.opened.appeal_window),
        payable_from=payable_from(facts.contributions[row.id], facts.campaigns[row.campaign], filed),
        url=service.url(f"/c/{row.id}"),
        receipt=service.url(f"/v1/contributions/{row.id}/receipt"),
    )


@router.get("/{contribution}/opening", dependencies=[Bearer], **gives("application/json", "The opening"))
async def get_opening(contribution: str, request: Request) -> Response:
    """Salt and content of a contribution: what opens its commitment. For its author, or any key of the platform."""
    service = service_of(request)
    row = await own_contribution(request, contribution, None)
    opening = await service.reader.opening("contribution", row.id)
    if opening is None:
        raise NotFoundError(f"The content of contribution {contribution} was erased, or it is sealed still.")
    return Response(opening.encode(), media_type="application/json")


@router.post("/{contribution}/withdraw", dependencies=[Bearer], **writes(Written))
async def withdraw(contribution: str, request: Request, signed: sealed.Withdraw | None = None) -> Response:
    """Take a contribution back before anybody judged it: its author, or a key with the scope submit for them.

    What was signed by a wallet is taken back with that wallet's ``signature`` only (``personal_sign`` of "I withdraw
    contribution ID from the log ORIGIN.").
    """
    service = service_of(request)
    row = await own_contribution(request, contribution, "submit")
    signature = None if signed is None else Signature(address=signed.signature.address, value=signed.signature.value)
    item = Withdraw(platform=row.platform, contribution=row.id, signature=signature)
    return await write_reply(service, await service.writer.write(item), entry_page)


@router.post("/{contribution}/reveal", dependencies=[Bearer], **writes(Written))
async def reveal(contribution: str, opened: sealed.Reveal, request: Request) -> Response:
    """Open a sealed entry in its window, after the deadline: its author, or a key with the scope submit for them."""
    service = service_of(request)
    row = await own_contribution(request, contribution, "submit")
    salt, preimage = bytes.fromhex(opened.opening.salt), opened.opening.preimage.encode()
    item = Reveal(platform=row.platform, contribution=row.id, salt=salt, preimage=preimage)
    return await write_reply(service, await service.writer.write(item), entry_page)


async def _decision(service: Service, row: DecisionRow, appeal_window: int) -> Decision:
    made = row.made
    feedback = None if made.feedback is None else await service.reader.opening("decision", made.id)
    return Decision(
        id=made.id,
        index=row.index,
        at=made.at,
        verdict=made.verdict,
        score=made.score,
        method=msgspec.to_builtins(made.method),
        feedback=None if feedback is None else feedback.content(),
        final_from=format_time(row.at_ms + appeal_window * 1000 + 1),
    )


async def _own_contributions(
    service: Service,
    platform: str,
    campaign: str | None,
    external_id: str | None,
    after: int | None,
    limit: int,
) -> ViewPage[ContributionView]:
    """A page of a platform's contributions; with ``external_id`` the one that it calls so."""
    if external_id is None:
        return await service.reader.contributions(platform=platform, campaign=campaign, after=after, limit=limit)
    named = await service.reader.external(platform, "contribution", external_id)
    found = None if named is None else await service.reader.contribution(named.subject)
    wanted = found is not None and campaign in (None, found.campaign)
    return ViewPage([found] if found is not None and wanted else [], None)
