"""Auditors with a mandate: who may open commitments, and the openings, each written into the log before it is given."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.auth import Caller, digest_of, needs
from api.ids import check_id, is_id
from api.openapi import writes
from api.reads.mandates import MANDATE_PREFIX, MandateRow, find_mandate
from api.reads.mandates import list_mandates as read_mandates
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from ledger.errors import ForbiddenError, NotFoundError, UnauthorizedError
from ledger.log.items import GiveMandate, OpenContent
from ledger.statements.contents import Purpose
from ledger.statements.values import format_time
from ledger.wire import MAX_PAGE_ITEMS, Mandate, MandateWritten, NewMandate, Opened, Page

router = APIRouter(prefix="/v1/mandates", tags=["mandates"])
_PURPOSES: Final = get_args(Purpose)
_NO_DIGEST: Final = bytes(32)
_BEARER: Final = HTTPBearer(auto_error=False, description="An auditor's token, cm_<secret>.")


@router.post("", **writes(MandateWritten))
async def give_mandate(new: NewMandate, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Let an auditor open commitments until a date; the token is shown this once."""
    service = service_of(request)
    token = MANDATE_PREFIX + secrets.token_hex(32)
    item = GiveMandate(
        id=new_id(),
        platform=caller.platform,
        name=new.name,
        until=new.until,
        digest=digest_of(token),
        campaign=new.campaign,
    )
    return await write_reply(service, await service.writer.write(item), entry_page, token=token)


@router.get("")
async def list_mandates(
    request: Request,
    caller: Annotated[Caller, needs("admin")],
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[Mandate]:
    """The platform's mandates, and how much was opened under each."""
    page = await read_mandates(service_of(request).reads, caller.platform, cursors.decode(cursor), limit)
    items = [
        Mandate(
            id=row.id,
            index=row.index,
            name=row.name,
            campaign=row.campaign,
            until=format_time(row.until_ms),
            opened=row.opened,
        )
        for row in page.items
    ]
    return Page(items=items, next=cursors.encode(page.next))


@router.get("/{mandate}/openings/{purpose}/{subject}", dependencies=[Depends(_BEARER)])
async def get_opening(mandate: str, purpose: str, subject: str, request: Request) -> Opened:
    """An opening for the mandate's auditor. That it was given stands in the log for good, so HEAD is not free."""
    service = service_of(request)
    row = await _mandate(service, mandate, request)
    if purpose not in _PURPOSES:
        raise NotFoundError(f"Nothing is committed to as '{purpose}'.", remedy=f"Purposes are {', '.join(_PURPOSES)}.")
    service.openings.count(row.id)
    item = OpenContent(mandate=row.id, purpose=_purpose(purpose), subject=check_id(subject, purpose))
    written = await service.writer.write(item)
    assert written.opening is not None
    return Opened(index=written.index, opening=json.loads(written.opening), receipt=json.loads(written.receipt))


async def _mandate(service: Service, mandate: str, request: Request) -> MandateRow:
    """The mandate whose token the request carries. A wrong token and a mandate that never was are the same."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    row = await find_mandate(service.reads, mandate) if is_id(mandate) else None
    good = hmac.compare_digest(row.digest if row else _NO_DIGEST, digest_of(token.strip()))
    if row is None or not good or scheme.lower() != "bearer":
        raise UnauthorizedError(
            "This needs the token of the mandate.",
            remedy="Send the header 'Authorization: Bearer cm_...' with the token that the platform gave you.",
        )
    if time.time_ns() // 1_000_000 > row.until_ms:
        raise ForbiddenError(
            f"The mandate ended on {format_time(row.until_ms)}.", remedy="Ask the platform for another one."
        )
    return row


def _purpose(text: str) -> Purpose:
    found: Purpose = next(each for each in _PURPOSES if each == text)
    return found
