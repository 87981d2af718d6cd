"""Audits that the service runs of itself: anybody may ask for one now and then, and everybody reads the reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.ids import check_id
from api.reads import audits as reads
from api.service import Service, service_of
from ledger.errors import UnauthorizedError, UnavailableError
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.audits import AuditLine, AuditReport

router = APIRouter(prefix="/v1/audits", tags=["audit"])


@router.post("", status_code=202)
async def ask_audit(request: Request, response: Response) -> AuditReport:
    """Ask the service to audit itself, as ``crowdledger audit`` does; one that waits or runs already is given again.

    Strangers may ask once an hour, the operator (with the admin key) at any time. An audit that a service runs of
    itself is the operator's word: run one of your own.
    """
    service = service_of(request)
    found = await ask(service, by_operator=_is_operator(service, request))
    response.headers["Location"] = found.url
    return found


async def ask(service: Service, *, by_operator: bool) -> AuditReport:
    """Ask for an audit, for this path and for the page. Raises UnavailableError where nobody would run it."""
    if service.deployment is None:
        raise UnavailableError(
            "This log has no worker, which would run the audit.",
            remedy="Run 'crowdledger audit' yourself: it needs nothing but this address.",
        )
    id_ = await reads.ask_audit(service.reads, by_operator=by_operator)
    return await reads.find_audit(service.reads, service.public_url, id_)


def _is_operator(service: Service, request: Request) -> bool:
    """Raises UnauthorizedError for a key that is not the operator's: who sends one means to be known."""
    if "authorization" not in request.headers:
        return False
    try:
        service.keys.check_admin(request)
    except UnauthorizedError as error:
        raise UnauthorizedError(error.detail, remedy="Send the operator's admin key, or none at all.") from None
    return True


@router.get("")
async def list_audits(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 20,
) -> Page[AuditLine]:
    """The last audits, the newest first."""
    service = service_of(request)
    items, more = await reads.list_audits(service.reads, service.public_url, cursors.decode(cursor), limit)
    return Page(items=items, next=None if more is None else cursors.encode(more))


@router.get("/{audit}")
async def get_audit(audit: str, request: Request) -> AuditReport:
    """One audit with its report."""
    service = service_of(request)
    return await reads.find_audit(service.reads, service.public_url, check_id(audit, "audit"))
