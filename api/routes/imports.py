"""Imports of a platform: its programs tell how far they are, its people look."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.ids import check_id, is_id
from api.lookup import find_campaign
from api.reads import imports as reads
from api.service import service_of
from ledger.errors import FieldError
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.imports import Import, ImportProgress, NewImport

router = APIRouter(prefix="/v1/imports", tags=["imports"])


@router.post("", status_code=201)
async def begin_import(
    new: NewImport, request: Request, response: Response, caller: Annotated[Caller, needs("submit")]
) -> Import:
    """Say that an import begins, so that it is shown; ``crowdledger import`` does. What it records is sent as ever."""
    service = service_of(request)
    await find_campaign(service.reader, new.campaign, caller.platform)
    found = await reads.add_import(service.reads, caller.platform, new)
    response.headers["Location"] = service.url(f"/v1/imports/{found.id}")
    return found


@router.patch("/{imported}")
async def change_import(
    imported: str, progress: ImportProgress, request: Request, caller: Annotated[Caller, needs("submit")]
) -> Import:
    """Say how far an import is, or that it ended. What is left out counts as nothing; one that is done stays so."""
    service = service_of(request)
    return await reads.change_import(service.reads, caller.platform, check_id(imported, "import"), progress)


@router.get("")
async def list_imports(
    request: Request,
    caller: Annotated[Caller, needs(None)],
    campaign: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Page[Import]:
    """The platform's last imports, the newest first, of one campaign if it is named."""
    if cursor is not None and not is_id(cursor):
        raise FieldError("cursor: This is not a cursor.", field="cursor", remedy="Send 'next' of the last page as is.")
    items, more = await reads.list_imports(service_of(request).reads, caller.platform, campaign, cursor, limit)
    return Page(items=items, next=more)


@router.get("/{imported}")
async def get_import(imported: str, request: Request, caller: Annotated[Caller, needs(None)]) -> Import:
    """One import of the platform."""
    service = service_of(request)
    return await reads.find_import(service.reads, caller.platform, check_id(imported, "import"))
