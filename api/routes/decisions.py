"""Decisions, written one by one or in batches (hot)."""

from __future__ import annotations

import os
import time
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.bodies import decode, document, read_batch, read_body
from api.judges import judge
from api.replies import batch_reply, page_of, write_reply
from api.service import service_of
from api.writing import write_each
from ledger.errors import FieldError
from ledger.log.items import Decide
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.decisions import Method
from ledger.statements.values import MAX_AMOUNT, uuid4, uuid7
from ledger.wire import NewDecision
from ledger.wire.values import says_nothing

_DECODER: Final = msgspec.json.Decoder(NewDecision)
_PAGE: Final = page_of("d")
_BY_A_PERSON: Final = Method(type="human")


def decision_item(new: NewDecision, platform: str, member: str | None = None) -> Decide:
    """The writer's item of a request, which ``member`` sends if it is one. Raises FieldError, ForbiddenError."""
    reviewer = judge(member, new.reviewer)
    if (new.contribution is None) == (new.contribution_external_id is None):
        raise FieldError(
            "contribution: Exactly one of contribution and contribution_external_id names what is decided.",
            field="contribution",
            remedy="Send one of the two.",
        )
    if new.reviewer_id is not None and reviewer is None:
        raise FieldError(
            "reviewer: A reviewer_id is of a reviewer.", field="reviewer", remedy="Send your own id of the person too."
        )
    if new.signature is not None and new.feedback is not None and new.salt is None:
        raise FieldError(
            "salt: A signature is over the feedback's commitment, which needs your salt.",
            field="salt",
            remedy="Send the salt too.",
        )
    if new.feedback is not None:
        _check_feedback(new)
    if new.inputs is not None:
        _check_inputs(new)
    if new.bonus is not None and int(new.bonus) > MAX_AMOUNT:
        raise FieldError("bonus: It is 2**120 or more.", field="bonus", remedy="Send base units below 2**120.")
    random = os.urandom(58)
    return Decide(
        id=uuid7(time.time_ns() // 1_000_000, random[:10]),
        platform=platform,
        verdict=new.verdict,
        score=new.score or ("1" if new.verdict == "accepted" else "0"),
        method=new.method or _BY_A_PERSON,
        salt=random[26:] if new.salt is None else bytes.fromhex(new.salt),
        fresh_id=new.reviewer_id or uuid4(random[10:26]),
        reviewer_id=new.reviewer_id,
        contribution=new.contribution,
        contribution_external_id=new.contribution_external_id,
        reviewer=reviewer,
        feedback=document(new.feedback, "feedback"),
        supersedes=new.supersedes,
        appeal=new.appeal,
        bonus=new.bonus,
        inputs=document(new.inputs, "inputs"),
        inputs_salt=None if new.inputs is None else os.urandom(SALT_BYTES),
        signature=new.signature,
        external_id=new.external_id,
    )


def _check_feedback(new: NewDecision) -> None:
    if new.verdict != "accepted" and says_nothing(new.feedback):
        raise FieldError(
            "feedback: It says nothing, and a contributor is told why.",
            field="feedback",
            remedy=f"Say why the verdict is '{new.verdict}', as text or any JSON.",
        )


def _check_inputs(new: NewDecision) -> None:
    if new.method is None or new.method.type == "human":
        raise FieldError(
            "inputs: They are what an automatic method was given.",
            field="inputs",
            remedy="Name the method, or leave inputs out of a person's decision.",
        )
    if new.method.inputs is not None:
        raise FieldError(
            "method.inputs: The service makes this commitment from inputs.",
            field="method.inputs",
            remedy="Send one of the two.",
        )


async def decide(request: Request) -> Response:
    """Write one decision."""
    service = service_of(request)
    caller = await service.keys.caller(request, "review")
    body = await read_body(request)
    written = await service.writer.write_made(
        lambda: decision_item(decode(body, _DECODER), caller.platform, caller.member), len(body)
    )
    return await write_reply(service, written, _PAGE)


async def decide_batch(request: Request) -> Response:
    """Write up to 1,000 decisions, each on its own."""
    service = service_of(request)
    caller = await service.keys.caller(request, "review")
    items = await read_batch(request, _DECODER)
    results = await write_each(service.writer, items, lambda new: decision_item(new, caller.platform, caller.member))
    return await batch_reply(service, results, _PAGE)


hot_routes = [
    Route("/v1/decisions", decide, methods=["POST"]),
    Route("/v1/decisions/batch", decide_batch, methods=["POST"]),
]
