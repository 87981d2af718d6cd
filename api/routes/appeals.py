"""Appeals: filed by a contributor or by their platform for them, judged by somebody else, resolved with a reason."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.appeal_lines import appeal_lines
from api.auth import Caller, needs
from api.ids import check_id
from api.judges import named_judge
from api.openapi import writes
from api.reads.appeals import Whose, all_appeals, find_appeal, open_appeals
from api.reads.people import statements_at
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from api.sessions import Bearer, is_session, own_contribution, signed_in
from ledger.errors import CrowdLedgerError, FieldError, NotFoundError, ProofError, RuleError
from ledger.log import items
from ledger.log.items import Decide, FileAppeal, ResolveAppeal
from ledger.log.shapes import ContributionView, DecisionView
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES, Opening, verify_opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import Method
from ledger.statements.values import score_millionths, uuid4
from ledger.wire import MAX_PAGE_ITEMS, Page, Written
from ledger.wire.appeals import AppealLine, GivenOpening, NewAppeal, NewResolution, Resolved

router = APIRouter(prefix="/v1/appeals", tags=["appeals"])
_BY_PERSON: Final = Method(type="human", name="appeal")


@router.post("", dependencies=[Bearer], **writes(Written))
async def file_appeal(new: NewAppeal, request: Request) -> Response:
    """Appeal against the decision that stands: its contributor's session, or a key with the scope submit for them.

    What is committed to is ``{"grounds"}``, and ``{"opening"}`` where the contributor brings one.
    """
    service = service_of(request)
    row = await own_contribution(request, new.contribution, "submit")
    if new.external_id is not None and is_session(request):
        raise FieldError(
            "external_id: Only platforms name things so.",
            field="external_id",
            remedy="Leave it out of your appeal.",
        )
    decision = new.decision or (None if row.decision is None else row.decision.id)
    if decision is None:
        raise RuleError("There is no decision to appeal against yet.", rule="appeals-standing")
    grounds: dict[str, JsonValue] = {"grounds": new.grounds}
    if new.opening is not None:
        await _check_opening(service, row, new.opening)
        grounds["opening"] = new.opening.model_dump()
    item = FileAppeal(
        id=new_id(),
        platform=row.platform,
        contribution=row.id,
        decision=decision,
        grounds=grounds,
        salt=os.urandom(SALT_BYTES),
        external_id=new.external_id,
    )
    return await write_reply(service, await service.writer.write(item), entry_page)


@router.get("", dependencies=[Bearer])
async def list_appeals(
    request: Request,
    state: Literal["open", "all"] | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[AppealLine]:
    """A platform's open appeals, the most urgent first (``state=all``: every one); a contributor's own, all of them."""
    service = service_of(request)
    if is_session(request):
        whose, wanted = Whose(people=(await signed_in(request)).ids()), state or "all"
    else:
        whose, wanted = Whose(platform=(await service.keys.caller(request, None)).platform), state or "open"
    position, now_ms = cursors.decode(cursor), time.time_ns() // 1_000_000
    if wanted == "open":
        found, more = await open_appeals(service.reads, whose, now_ms, position or 0, limit)
    else:
        found, more = await all_appeals(service.reads, whose, position, limit)
    return Page(items=await appeal_lines(service, found), next=cursors.encode(more))


@router.post("/{appeal}/resolve", **writes(Resolved))
async def resolve_appeal(
    appeal: str, new: NewResolution, request: Request, caller: Annotated[Caller, needs("review")]
) -> Response:
    """Resolve an appeal, as somebody who has not judged the contribution before. Another verdict is a new decision."""
    service = service_of(request)
    row = await find_appeal(service.reads, check_id(appeal, "appeal"))
    if row is None or row.platform != caller.platform:
        raise NotFoundError(f"There is no appeal {appeal}.", remedy="GET /v1/appeals lists the open ones.")
    contribution = await own_contribution(request, row.contribution, "review")
    reviewer = named_judge(caller.member, new.reviewer)
    assert contribution.decision is not None
    standing = contribution.decision
    resolution = ResolveAppeal(
        platform=caller.platform,
        appeal=appeal,
        decision=standing.id,
        reviewer=reviewer,
        fresh_id=uuid4(os.urandom(16)),
        reason=new.reason,
        salt=os.urandom(SALT_BYTES),
    )
    if not _changes(new, standing):
        written = await service.writer.write(resolution)
        return await _reply(service, written, standing.id, None)
    decision = _new_decision(new, contribution, resolution)
    # Both at once, so that they stand in one group but for a rare edge between two; the second names the first. Where
    # only the first was written the same request resolves with it.
    made, resolved = await service.writer.write_many([decision, replace(resolution, decision=decision.id)])
    if isinstance(made, CrowdLedgerError):
        raise made
    if isinstance(resolved, CrowdLedgerError):
        raise resolved
    return await _reply(service, resolved, decision.id, made)


def _changes(new: NewResolution, standing: DecisionView) -> bool:
    if new.score is not None and new.verdict is None:
        raise FieldError("verdict: A score needs its verdict.", field="verdict", remedy="Send both.")
    if new.verdict is None:
        return False
    return (new.verdict, score_millionths(_score(new))) != (standing.verdict, standing.score)


def _score(new: NewResolution) -> str:
    return new.score if new.score is not None else "1" if new.verdict == "accepted" else "0"


def _new_decision(new: NewResolution, contribution: ContributionView, resolution: ResolveAppeal) -> Decide:
    """What takes the place of the decision that the resolution is about, by the same person."""
    assert new.verdict is not None
    return Decide(
        id=new_id(),
        platform=contribution.platform,
        contribution=contribution.id,
        verdict=new.verdict,
        score=_score(new),
        method=_BY_PERSON,
        reviewer=resolution.reviewer,
        fresh_id=resolution.fresh_id,
        feedback=new.reason,
        salt=os.urandom(SALT_BYTES),
        supersedes=resolution.decision,
        appeal=resolution.appeal,
    )


async def _reply(service: Service, written: items.Written, decision: str, made: items.Written | None) -> Response:
    receipt = None if made is None else msgspec.Raw(made.receipt)
    members: dict[str, Any] = {"decision": decision, "changed": made is not None, "decision_receipt": receipt}
    return await write_reply(service, written, entry_page, **members)


async def _check_opening(service: Service, row: ContributionView, given: GivenOpening) -> None:
    """Raise FieldError unless the opening is that of the contribution's commitment."""
    submitted = (await statements_at(service.reads, [row.index]))[row.index]
    assert isinstance(submitted, ContributionSubmitted)
    try:
        verify_opening(Opening(bytes.fromhex(given.salt), given.preimage.encode()), submitted.commitment)
    except (ProofError, ValueError, CrowdLedgerError) as error:
        raise FieldError(
            "opening: It does not open this contribution's commitment.",
            field="opening",
            remedy="Send the opening's file of this contribution as it is.",
        ) from error
