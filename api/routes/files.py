"""Files of any size: streamed in, named by their digest, given to the keys of the platform that uploaded them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.auth import Caller, bearer, digest_of, needs
from api.problems import problem_response
from api.reads import files
from api.reads.files import StoredFile
from api.reads.mandates import MANDATE_PREFIX, platform_of_opened_file
from api.reads.people import sees_file
from api.scope import instance_of
from api.service import Service, service_of
from api.sessions import SignedIn, is_session, signed_in
from ledger.blobs.media_types import parse_media_type
from ledger.blobs.ranges import parse_range
from ledger.blobs.store import check_digest
from ledger.errors import FieldError, MalformedError, NotFoundError, RangeError, UnavailableError
from ledger.wire.files import FileContent

router = APIRouter(prefix="/v1/files", tags=["files"])
IDLE_SECONDS: Final = 60.0
"""An upload that sends nothing for so long is given up."""
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_ANY_BYTES: Final[dict[str, Any]] = {}
"""A file may be JSON, whose reply is then no string to those who read the description strictly."""
_UPLOAD: Final[dict[str, Any]] = {
    "status_code": 201,
    "response_model": FileContent,
    "responses": {200: {"model": FileContent, "description": "Stored before"}},
    "openapi_extra": {"requestBody": {"required": True, "content": {"*/*": _BINARY}}},
}
_HARMLESS: Final = {
    # Whatever the file is, a browser saves it; were it shown all the same, it could run and load nothing.
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
}


@router.put("/{sha256}", **_UPLOAD)
async def put_file(sha256: str, request: Request, caller: Annotated[Caller, needs("submit")]) -> Response:
    """Store a file whose digest is known; the same again answers 200. The reply is the content that names it."""
    return await _store(request, caller, check_digest(sha256))


@router.post("", **_UPLOAD)
async def add_file(request: Request, caller: Annotated[Caller, needs("submit")]) -> Response:
    """Store a file and learn its digest. The reply is the content that names it in a task or a contribution."""
    return await _store(request, caller, None)


@router.head("/{sha256}", include_in_schema=False)
async def head_file(sha256: str, request: Request) -> Response:
    """A file's size and type."""
    service = service_of(request)
    file = await may_read(service, request, sha256)
    await _check_stored(service, file)
    return Response(headers=_headers(file) | {"Content-Length": str(file.bytes)})


@router.get(
    "/{sha256}",
    response_class=StreamingResponse,
    dependencies=[Depends(HTTPBearer(auto_error=False))],
    responses={
        200: {"description": "The file", "content": {"*/*": _ANY_BYTES}},
        206: {"description": "The part that Range asked for", "content": {"*/*": _ANY_BYTES}},
    },
)
async def get_file(sha256: str, request: Request) -> Response:
    """A file, or the range of its bytes that is asked for."""
    service = service_of(request)
    file = await may_read(service, request, sha256)
    await _check_stored(service, file)
    headers = _headers(file)
    current = request.headers.get("if-range") in (None, headers["ETag"])
    try:
        part = parse_range(request.headers.get("range") if current else None, file.bytes)
    except RangeError as error:
        return problem_response(error, instance_of(request.scope), {"Content-Range": f"bytes */{file.bytes}"})
    begin, end = part or (0, file.bytes)
    headers["Content-Length"] = str(end - begin)
    if part is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{file.bytes}"
    return StreamingResponse(service.blobs.open(file.sha256, begin, end), 206 if part else 200, headers)


@router.delete("/{sha256}")
async def erase_file(sha256: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> FileContent:
    """Erase a file. Its bytes go unless another platform has the same; commitments to it stay in the log."""
    service = service_of(request)
    file = await files.erase(service.reads, service.blobs, caller.platform, check_digest(sha256))
    if file is None:
        raise _missing(sha256)
    return FileContent(sha256=file.sha256, bytes=file.bytes, type=file.type)


async def may_read(service: Service, request: Request, sha256: str) -> StoredFile:
    """The file, if who sends ``request`` may see it: any key of the platform that uploaded it, or a contributor whose
    own work it is, or who took part in a campaign one of whose tasks names it; or an auditor, under whose mandate a
    content that names it was opened.

    Raises UnauthorizedError, and NotFoundError for a file of others exactly as for one that never was.
    """
    check_digest(sha256)
    if bearer(request).startswith(MANDATE_PREFIX):
        file = await _for_auditors(service, bearer(request), sha256)
    elif is_session(request):
        file = await _for_people(service, await signed_in(request), sha256)
    else:
        caller = await service.keys.caller(request, None)
        file = await files.find(service.reads, caller.platform, sha256)
    if file is None:
        raise _missing(sha256)
    if file.erased_ms is not None:
        raise NotFoundError(f"The file {sha256} was erased.", remedy="Nobody can give it back; commitments to it stay.")
    return file


async def _for_people(service: Service, who: SignedIn, sha256: str) -> StoredFile | None:
    for platform in sorted({person.platform for person in who.people}):
        file = await files.find(service.reads, platform, sha256)
        people = [person.id for person in who.people if person.platform == platform]
        if file is not None and await sees_file(service.reads, people, platform, file):
            return file
    return None


async def _for_auditors(service: Service, token: str, sha256: str) -> StoredFile | None:
    now_ms = time.time_ns() // 1_000_000
    platform = await platform_of_opened_file(service.reads, digest_of(token), now_ms, sha256)
    return None if platform is None else await files.find(service.reads, platform, sha256)


async def _store(request: Request, caller: Caller, sha256: str | None) -> Response:
    service = service_of(request)
    given = request.headers.getlist("content-type")
    if len(given) != 1:
        raise FieldError(
            "Content-Type: It is missing." if not given else "Content-Type: It is there more than once.",
            field="Content-Type",
            remedy="Say what the file is, such as 'Content-Type: image/png'.",
        )
    media_type = parse_media_type(given[0])
    blob = await service.blobs.put(_received(request), limit_bytes=service.config.max_file_bytes, sha256=sha256)
    new = await files.record(service.reads, service.blobs, caller.platform, blob, media_type)
    stored = StoredFile(blob.sha256, blob.bytes, media_type, None)
    location = {"Location": service.url(f"/v1/files/{blob.sha256}")}
    return JSONResponse(stored.content, 201 if new else 200, location)


async def _received(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises MalformedError where it stalls, or is shorter or longer than it was said to be."""
    declared = request.headers.get("content-length")
    seen = 0
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise MalformedError(
                f"Nothing came for {IDLE_SECONDS:g} seconds.", remedy="Send the file again, without a pause."
            ) from None
        except ClientDisconnect:
            raise _cut(seen) from None
        if piece is None:
            break
        seen += len(piece)
        yield piece
    if declared is not None and declared != str(seen):
        raise _cut(seen)


def _cut(seen: int) -> MalformedError:
    return MalformedError(
        f"The body has {seen} bytes, which is not what its Content-Length says.", remedy="Send the file again."
    )


async def _check_stored(service: Service, file: StoredFile) -> None:
    """Raise UnavailableError where the store lacks what a row says."""
    try:
        size = await service.blobs.size(file.sha256)
    except NotFoundError:
        size = None
    if size != file.bytes:
        raise UnavailableError(
            f"The bytes of the file {file.sha256} are not in the store.",
            remedy="Operator: restore the files from their backup. Whoever has the file can also upload it again.",
        )


def _headers(file: StoredFile) -> dict[str, str]:
    return _HARMLESS | {"Content-Type": file.type, "ETag": f'"{file.sha256}"'}


def _missing(sha256: str) -> NotFoundError:
    return NotFoundError(f"There is no file {sha256}.")
