"""Results of campaigns: published for everybody to count again, and exported with their provenance."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import cursors, results
from api.auth import Caller, needs
from api.ids import check_id
from api.lookup import find_campaign
from api.openapi import gives, writes
from api.reads import files, versions
from api.reads.accepted import Accepted, Recorded, accepted, recorded
from api.reads.results import ResultRow, find_result, list_results
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from ledger.book.campaigns import Campaign
from ledger.consensus.tally import VERSION
from ledger.errors import FieldError, IdReusedError, NotFoundError
from ledger.log.items import PublishResult, Written
from ledger.statements import canonical, kinds
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.results import ResultMethod
from ledger.statements.values import format_score, format_time
from ledger.wire import MAX_PAGE_ITEMS, NewResult, Page, Result, ResultLine, ResultWritten

router = APIRouter(prefix="/v1", tags=["results"])
_LINES = 200
_LINES_TYPE = "application/x-ndjson"


@router.post("/campaigns/{campaign}/results", **writes(ResultWritten))
async def publish_result(
    campaign: str, new: NewResult, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Response:
    """Publish a result of your own, or let the service count, rank or assemble what stands as accepted."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    written = await _made_before(service, new, campaign, caller.platform)
    if written is None:
        item = await _item(service, new, (await versions.load(service.reads, row)).book, caller.platform)
        written = await service.writer.write(item)
    document = service.url(f"/v1/results/{written.id}/document")
    return await write_reply(service, written, entry_page, document=document)


@router.get("/campaigns/{campaign}/results")
async def list_campaign_results(
    campaign: str,
    request: Request,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Page[ResultLine]:
    """The published results of a campaign."""
    service = service_of(request)
    await find_campaign(service.reader, campaign)
    page = await list_results(service.reads, campaign, cursors.decode(cursor), limit)
    lines = [
        ResultLine(
            id=each.statement.id,
            index=each.index,
            at=each.statement.at,
            method=each.statement.method.name,
            count=each.statement.count,
            public=each.public,
            url=service.url(f"/v1/results/{each.statement.id}"),
        )
        for each in page.items
    ]
    return Page(items=lines, next=cursors.encode(page.next))


@router.get("/results/{result}")
async def get_result(result: str, request: Request) -> Result:
    """A published result: what the log says of it and, where it is public, its document and opening."""
    service = service_of(request)
    row = await find_result(service.reads, check_id(result, "result"))
    said, opening = row.statement, row.opening
    return Result(
        id=said.id,
        campaign=said.campaign,
        index=row.index,
        at=said.at,
        method=msgspec.to_builtins(said.method),
        entries=said.entries,
        count=said.count,
        commitment=said.commitment,
        public=row.public,
        result=None if opening is None else opening.content(),
        opening=None if opening is None else json.loads(opening.encode()),
        document=service.url(f"/v1/results/{said.id}/document"),
        receipt=service.url(f"/v1/entries/{row.index}/receipt"),
    )


@router.get("/results/{result}/document", **gives("*/*", "The document, or the file that it is"))
async def get_document(result: str, request: Request) -> Response:
    """A public result's document as canonical JSON, whatever its size: the bytes to count again."""
    service = service_of(request)
    row = await find_result(service.reads, check_id(result, "result"))
    if row.opening is None:
        raise NotFoundError("This result is not public, or its document was erased.")
    content = row.opening.content()
    sha256 = results.file_of(content)
    headers = {"Content-Disposition": f'attachment; filename="result-{row.index}.json"'}
    if sha256 is None:
        return Response(canonical.encode(content), headers=headers, media_type="application/json")
    return await _file(service, row, sha256, headers)


@router.get("/campaigns/{campaign}/export", **gives(_LINES_TYPE, "A JSON object a line"))
async def export_accepted(campaign: str, request: Request, caller: Annotated[Caller, needs("review")]) -> Response:
    """All that stands as accepted, one JSON object a line, with content, decision and its place in the log.

    The stream is whole if its last line is {"end": true, "count": ...}.
    """
    service = service_of(request)
    row = await find_campaign(service.reader, campaign, caller.platform)
    book = (await versions.load(service.reads, row)).book
    headers = {"Content-Disposition": f'attachment; filename="accepted-{campaign}.jsonl"'}
    return StreamingResponse(_lines(service, book), headers=headers, media_type=_LINES_TYPE)


async def _item(service: Service, new: NewResult, campaign: Campaign, platform: str) -> PublishResult:
    if new.make is not None:
        for name in ("result", "method", "entries"):
            if getattr(new, name) is not None:
                raise FieldError(
                    f"{name}: The service makes this result.", field=name, remedy="Leave it out, or leave make out."
                )
        now_ms = time.time_ns() // 1_000_000
        made = await results.make(service, campaign, new.make, new.field, now_ms)
        parameters = None if new.field is None else {"field": new.field}
        method = ResultMethod(name=new.make, version=VERSION, parameters=parameters)
        document = await results.fit(service, platform, made.document)
        entries = made.entries
    else:
        document, method, entries = _own(new)
    return PublishResult(
        id=new_id(),
        platform=platform,
        campaign=campaign.opened.id,
        result=document,
        method=method,
        entries=entries,
        salt=os.urandom(SALT_BYTES),
        public=new.is_public,
        external_id=new.external_id,
    )


def _own(new: NewResult) -> tuple[JsonValue, ResultMethod, tuple[str, ...]]:
    """The platform's own document. Raises FieldError for what is missing."""
    if new.field is not None:
        raise FieldError("field: It goes with make.", field="field", remedy="Leave it out of your own document.")
    for name in ("result", "method", "entries"):
        if getattr(new, name) is None:
            raise FieldError(
                f"{name}: It is missing.",
                field=name,
                remedy="Send result, method {name, version} and entries; or make: tally, labels, ranking or assembly.",
            )
    assert new.method is not None
    assert new.entries is not None
    method: ResultMethod = msgspec.convert(new.method.model_dump(exclude_none=True), ResultMethod)
    return new.result, method, tuple(new.entries)


async def _made_before(service: Service, new: NewResult, campaign: str, platform: str) -> Written | None:
    """What an earlier request of the same external id made: made anew it could differ. Raises IdReusedError."""
    if new.make is None or new.external_id is None:
        return None
    earlier = await service.reader.external(platform, "result", new.external_id)
    if earlier is None:
        return None
    row = await find_result(service.reads, earlier.subject)
    parameters = None if new.field is None else {"field": new.field}
    said = row.statement
    same = (said.campaign, said.method.name, said.method.parameters, row.public)
    if same != (campaign, new.make, parameters, new.is_public):
        detail = f"external_id {new.external_id!r} is that of another result, {said.id}."
        raise IdReusedError(detail, id=said.id, kind="result", index=row.index)
    (statement,) = await service.reader.statements(row.index, row.index + 1)
    return Written(
        id=said.id,
        index=row.index,
        repeated=True,
        statement=statement,
        receipt=await service.reader.receipt(row.index),
        opening=None if row.opening is None else row.opening.encode(),
    )


async def _file(service: Service, row: ResultRow, sha256: str, headers: dict[str, str]) -> Response:
    """The file that a result names, if it is one of its own platform."""
    file = await files.find(service.reads, row.platform, sha256)
    if file is None or file.erased_ms is not None:
        raise NotFoundError("The file of this result was erased, or is not the platform's.")
    headers |= {"Content-Length": str(file.bytes), "Content-Security-Policy": "default-src 'none'; sandbox"}
    stream = service.blobs.open(file.sha256, 0, file.bytes)
    return StreamingResponse(stream, headers=headers, media_type=file.type)


async def _lines(service: Service, campaign: Campaign) -> AsyncIterator[bytes]:
    count = 0
    waiting: list[Accepted] = []
    async for each in accepted(service.reads, campaign, time.time_ns() // 1_000_000):
        waiting.append(each)
        if len(waiting) == _LINES:
            yield await _batch(service, waiting)
            count += len(waiting)
            waiting = []
    if waiting:
        yield await _batch(service, waiting)
    yield canonical.encode({"end": True, "count": count + len(waiting)}) + b"\n"


async def _batch(service: Service, batch: list[Accepted]) -> bytes:
    indexes = [each.index for each in batch] + [each.decided_index for each in batch if each.decided_index is not None]
    entries = await recorded(service.reads, indexes)
    return b"".join(canonical.encode(_line(each, entries)) + b"\n" for each in batch)


def _line(each: Accepted, entries: dict[int, Recorded]) -> JsonValue:
    """Where a result comes from: its author's public id, commitment and decision, entries and their leaf hashes."""
    submitted = kinds.parse(entries[each.index].statement)
    assert isinstance(submitted, ContributionSubmitted)
    line: dict[str, JsonValue] = {
        "contribution": each.id,
        "entry": each.index,
        "leaf": entries[each.index].leaf.hex(),
        "at": format_time(each.at_ms),
        "contributor": each.contributor,
        "task": each.task,
        "terms": submitted.terms,
        "commitment": submitted.commitment,
        "content": None if each.opening is None else each.opening.content(),
        "erased": each.opening is None,
        "score": format_score(each.score),
        "decision": _decision(each, entries),
    }
    return line


def _decision(each: Accepted, entries: dict[int, Recorded]) -> JsonValue:
    """The decision that stands; None where the declared default accepted it."""
    if each.decided_index is None:
        return None
    made = kinds.parse(entries[each.decided_index].statement)
    assert isinstance(made, DecisionMade)
    method: dict[str, Any] = msgspec.to_builtins(made.method)
    return {
        "id": made.id,
        "entry": each.decided_index,
        "leaf": entries[each.decided_index].leaf.hex(),
        "at": made.at,
        "verdict": made.verdict,
        "score": made.score,
        "method": method,
    }
