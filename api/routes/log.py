"""The log itself, as C2SP tlog-tiles: checkpoint, tiles and entry bundles; and the trees that it was settled by."""

from __future__ import annotations

import asyncio
import gzip
from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api.openapi import gives
from api.service import service_of
from ledger.errors import FormatError, NotFoundError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.values import MAX_COUNT
from ledger.tree.tiles import ENTRIES, Tile

router = APIRouter(tags=["log"])
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOW: Final = {"Cache-Control": "no-cache"}
_GZIP_LEVEL: Final = 3
_GZIP_HERE_BYTES: Final = 64 * 1024
"""Up to which size compressing takes less than a millisecond."""


@router.get("/checkpoint", **gives("text/plain", "A signed note"))
async def get_checkpoint(request: Request) -> Response:
    """The newest signed checkpoint (C2SP tlog-checkpoint)."""
    note = await service_of(request).reader.checkpoint()
    return Response(note, headers=_NOW, media_type="text/plain; charset=utf-8")


@router.get("/tile/{path:path}", **gives("application/octet-stream", "The tile or bundle"))
async def get_tile(path: str, request: Request) -> Response:
    """A tile ``{L}/{N}[.p/{W}]`` or an entry bundle ``entries/{N}[.p/{W}]`` (C2SP tlog-tiles); none ever changes."""
    try:
        tile = Tile.parse(f"tile/{path}")
    except FormatError as error:
        raise NotFoundError(error.detail, remedy=error.remedy) from error
    # The head need not be asked: entries and tiles are committed with the head that covers them.
    reader = service_of(request).reader
    width = None if tile.is_full else tile.width
    if tile.level == ENTRIES:
        return await _bundle(request, await reader.entry_bundle(tile.index, width))
    data = await reader.tile(tile.level, tile.index, width)
    return Response(data, headers=_FOR_EVER, media_type="application/octet-stream")


@router.get("/settlements/{chain_id}/{pool}/{number}.json", **gives("application/json", "The accounts"))
async def get_accounts(
    chain_id: Annotated[int, Path(ge=1, le=MAX_COUNT)],
    pool: Annotated[str, Path(max_length=42)],
    number: Annotated[int, Path(ge=1, le=MAX_COUNT)],
    request: Request,
) -> Response:
    """The accounts of a settlement's tree with their cumulative amounts, by the operator's word, for audits."""
    accounts = await service_of(request).reader.settlement_accounts(chain_id, pool, number)
    if not accounts:
        raise NotFoundError(f"There is no settlement {number} of this pool.")
    rows: list[JsonValue] = [[account, str(units)] for account, units in accounts]
    data = canonical.encode({"v": 1, "accounts": rows})
    return Response(data, headers=_NOW, media_type="application/json")


async def _bundle(request: Request, data: bytes) -> Response:
    """An entry bundle, compressed for those who take that, as the specification asks."""
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding"}
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        if len(data) <= _GZIP_HERE_BYTES:
            data = gzip.compress(data, _GZIP_LEVEL, mtime=0)
        else:
            data = await asyncio.to_thread(gzip.compress, data, _GZIP_LEVEL, mtime=0)
    return Response(data, headers=headers, media_type="application/octet-stream")


def _takes_gzip(request: Request) -> bool:
    """Whether ``Accept-Encoding`` names gzip without refusing it (RFC 9110 section 12.5.3)."""
    for each in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return weight.strip().removeprefix("q=") not in ("0", "0.0", "0.00", "0.000")
    return False
