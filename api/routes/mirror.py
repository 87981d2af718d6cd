"""The whole log as one file, for whoever keeps a mirror without our software: the files of ``crowdledger mirror``."""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.openapi import gives
from api.routes.audit import get_summary
from api.routes.log_keys import get_keys
from api.service import Service, service_of
from ledger.log.reader import Head
from ledger.tree.tiles import entry_bundles_of, tiles_of

router = APIRouter(tags=["log"])
_TAR: Final = "application/x-tar"
_FOLDER: Final = "mirror"
_FILE_MODE: Final = 0o644


@router.get("/mirror.tar", **gives(_TAR, "The files of the mirror"))
async def get_mirror(request: Request) -> StreamingResponse:
    """Checkpoint, keys, tiles and entry bundles of the log as it is now, as a tar file: a mirror to unpack and audit.

    It holds one head and all that leads to it, so it can be large; it is sent as it is read. A mirror that exists
    already is kept up by ``crowdledger mirror``, which fetches only what is new.
    """
    service = service_of(request)
    head = await service.reader.head()
    keys = (await get_keys(request, Response())).model_dump_json(exclude_none=True)
    summary = (await get_summary(request)).model_dump_json()
    small = {"checkpoint": head.checkpoint, "keys.json": keys, "crowdledger.json": summary}
    return StreamingResponse(_parts(service, head, small), headers=_headers(service, head), media_type=_TAR)


@router.head("/mirror.tar", include_in_schema=False)
async def head_mirror(request: Request) -> Response:
    """What the file would be called; nothing of the log is read for it."""
    service = service_of(request)
    reply = Response(headers=_headers(service, await service.reader.head()), media_type=_TAR)
    del reply.headers["content-length"]  # it would be that of the empty body
    return reply


def _headers(service: Service, head: Head) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{service.config.log}-{head.size}.tar"'}


async def _parts(service: Service, head: Head, small: dict[str, str]) -> AsyncIterator[bytes]:
    """The tar file, a file of the log at a time; the checkpoint last, as it covers the others."""
    reader, seconds = service.reader, head.at_ms // 1000
    for bundle in entry_bundles_of(head.size):
        width = None if bundle.is_full else bundle.width
        yield _member(bundle.path, await reader.entry_bundle(bundle.index, width), seconds)
    for tile in tiles_of(head.size):
        width = None if tile.is_full else tile.width
        yield _member(tile.path, await reader.tile(tile.level, tile.index, width), seconds)
    for name, text in reversed(small.items()):
        yield _member(name, text.encode(), seconds)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(path: str, data: bytes, seconds: int) -> bytes:
    """A file in a tar file (POSIX.1-1988 ustar): its header, and its bytes in whole blocks."""
    member = tarfile.TarInfo(f"{_FOLDER}/{path}")
    member.size, member.mtime, member.mode = len(data), seconds, _FILE_MODE
    return member.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
