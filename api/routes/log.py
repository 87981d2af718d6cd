"""The log itself, as C2SP tlog-tiles: checkpoint, tiles and entry bundles; and the trees that it was settled by."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api.service import Service, service_of
from ledger.errors import FormatError, NotFoundError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.values import MAX_COUNT
from ledger.tree.tiles import ENTRIES, Tile

router = APIRouter(prefix="/logs", tags=["log"])
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOW: Final = {"Cache-Control": "no-cache"}


@router.get("/{name}/checkpoint")
async def get_checkpoint(name: str, request: Request) -> Response:
    """The newest signed checkpoint (C2SP tlog-checkpoint)."""
    service = _service(request, name)
    return Response(await service.reader.checkpoint(), headers=_NOW, media_type="text/plain; charset=utf-8")


@router.get("/{name}/tile/{path:path}")
async def get_tile(name: str, path: str, request: Request) -> Response:
    """A tile ``{L}/{N}[.p/{W}]`` or an entry bundle ``entries/{N}[.p/{W}]`` (C2SP tlog-tiles); none ever changes."""
    service = _service(request, name)
    try:
        tile = Tile.parse(f"tile/{path}")
    except FormatError as error:
        raise NotFoundError(error.detail, remedy=error.remedy) from error
    size = (await service.reader.head()).size
    if not tile.in_tree(size):
        raise NotFoundError(f"The log has {size} entries and not this tile yet.", remedy="Read the checkpoint anew.")
    width = None if tile.is_full else tile.width
    if tile.level == ENTRIES:
        data = await service.reader.entry_bundle(tile.index, width)
    else:
        data = await service.reader.tile(tile.level, tile.index, width)
    return Response(data, headers=_FOR_EVER, media_type="application/octet-stream")


@router.get("/{name}/settlements/{chain_id}/{pool}/{number}.json")
async def get_accounts(
    name: str,
    chain_id: Annotated[int, Path(ge=1, le=MAX_COUNT)],
    pool: Annotated[str, Path(max_length=42)],
    number: Annotated[int, Path(ge=1, le=MAX_COUNT)],
    request: Request,
) -> Response:
    """The accounts of a settlement's tree with their cumulative amounts, by the operator's word, for audits."""
    accounts = await _service(request, name).reader.settlement_accounts(chain_id, pool, number)
    if not accounts:
        raise NotFoundError(f"There is no settlement {number} of this pool.")
    rows: list[JsonValue] = [[account, str(units)] for account, units in accounts]
    data = canonical.encode({"v": 1, "accounts": rows})
    return Response(data, headers=_NOW, media_type="application/json")


def _service(request: Request, name: str) -> Service:
    service = service_of(request)
    if name != service.config.log:
        raise NotFoundError(f"There is no log '{name}' here.", remedy="GET /v1/audit/summary names the log.")
    return service
