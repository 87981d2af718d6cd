"""Entries, looked up by what they name: public, because this says nothing that the log does not."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.requests import Request

from api import cursors
from api.reads.entries import (
    START,
    EntryRow,
    Place,
    Sought,
    entries_of_id,
    entries_of_leaf,
    entries_of_own_id,
    find_entries,
    read_entries,
)
from api.reads.summary import AnchorRow
from api.routes.receipts import known_index
from api.service import Service, service_of
from api.states import state_of
from ledger.errors import FieldError, TooLargeError
from ledger.statements.kinds import KINDS, MAX_STATEMENT_BYTES
from ledger.statements.values import format_time
from ledger.tree.merkle import leaf_hash
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.entries import Entry
from ledger.wire.values import Id, OwnId

router = APIRouter(prefix="/v1/entries", tags=["entries"])
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
PublicId = Annotated[
    str, StringConstraints(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
_STATEMENT: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}


@router.get("")
async def list_entries(
    request: Request,
    digest: Annotated[
        Digest | None, Query(description="the leaf hash: SHA-256 of a zero byte and the statement's bytes")
    ] = None,
    id: Annotated[Id | None, Query(description="the statement's own id")] = None,
    external_id: Annotated[OwnId | None, Query(description="your own id; send your key with it")] = None,
    campaign: Annotated[Id | None, Query(description="what names the campaign")] = None,
    contributor: Annotated[PublicId | None, Query(description="work, wallets and ratings of a person")] = None,
    task: Annotated[Id | None, Query(description="the task and the work on it")] = None,
    contribution: Annotated[Id | None, Query(description="all versions, and all that is about them")] = None,
    kind: Annotated[str | None, Query(max_length=64, description="the kind of statement")] = None,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
) -> Page[Entry]:
    """Entries for which all that is given holds, in the order of the log; a contribution is followed by what is about
    it. A page can be shorter than ``limit``: the list ends where ``next`` is null.
    """
    service = service_of(request)
    if kind is not None and kind not in KINDS:
        raise FieldError(f"kind: There is no kind '{kind}'.", field="kind", remedy=f"It is one of {', '.join(KINDS)}.")
    among = []
    if digest is not None:
        among.append(await entries_of_leaf(service.reads, bytes.fromhex(digest)))
    if id is not None:
        among.append(await entries_of_id(service.reads, id))
    if external_id is not None:
        caller = await service.keys.caller(request, None)
        among.append(await entries_of_own_id(service.reads, caller.platform, external_id, kind))
    sought = Sought(
        campaign=campaign,
        contributor=contributor,
        task=task,
        contribution=contribution,
        kind=kind,
        among=frozenset.intersection(*map(frozenset, among)) if among else None,
    )
    after = START if cursor is None else Place(*cursors.decode_place(cursor))
    rows, more = await find_entries(service.reads, sought, after, limit)
    last = await service.anchor.get()
    return Page(
        items=[_entry(service, row, last) for row in rows], next=None if more is None else cursors.encode_place(*more)
    )


@router.post("/find", openapi_extra=_STATEMENT)
async def find_statement(request: Request) -> Page[Entry]:
    """The entry that holds exactly the bytes that are sent: a statement's, as a receipt or a bundle has them."""
    service = service_of(request)
    statement = bytearray()
    async for part in request.stream():
        statement += part
        if len(statement) > MAX_STATEMENT_BYTES:
            raise TooLargeError(
                f"A statement has at most {MAX_STATEMENT_BYTES} bytes.",
                remedy="Send one statement's bytes and nothing else.",
                limit=MAX_STATEMENT_BYTES,
            )
    found = await entries_of_leaf(service.reads, leaf_hash(bytes(statement)))
    rows = await read_entries(service.reads, found[:MAX_PAGE_ITEMS])
    last = await service.anchor.get()
    return Page(items=[_entry(service, row, last) for row in rows], next=None)


@router.get("/{index}")
async def get_entry(index: str, request: Request) -> Entry:
    """One entry."""
    service = service_of(request)
    (row,) = await read_entries(service.reads, [await known_index(service, index)])
    return _entry(service, row, await service.anchor.get())


def _entry(service: Service, row: EntryRow, last: AnchorRow | None) -> Entry:
    return Entry(
        index=row.index,
        kind=row.kind,
        at=format_time(row.at_ms),
        leaf_hash=row.leaf_hash.hex(),
        status=state_of(last, row.index),
        statement=msgspec.json.decode(row.statement),
        url=service.url(f"/e/{row.index}"),
        receipt=service.url(f"/v1/entries/{row.index}/receipt"),
        proof=service.url(f"/v1/entries/{row.index}/proof"),
    )
