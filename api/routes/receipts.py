"""Receipts and proofs: public, because they say nothing that the log does not."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.lookup import find_decision, index_of_contribution
from api.openapi import gives
from api.service import Service, service_of
from api.states import state_of
from ledger.errors import NotFoundError
from ledger.tree.receipts import Receipt
from ledger.wire import State
from ledger.wire.values import OwnId

router = APIRouter(prefix="/v1", tags=["receipts"])
STATUS_HEADER: Final = "CrowdLedger-Status"
"""How firm the entry is now, which the file itself cannot say: it is kept, and the chain goes on."""
_STATUS: Final = {
    STATUS_HEADER: {
        "description": "How firm the entry is now",
        "schema": {"type": "string", "enum": [*get_args(State)]},
    }
}
_RECEIPT: Final[dict[str, Any]] = gives("application/json", "The receipt", headers=_STATUS)
_INDEX = re.compile("0|[1-9][0-9]{0,15}")


@router.get("/receipts", **_RECEIPT)
async def receipt_by_own_id(
    request: Request,
    caller: Annotated[Caller, needs(None)],
    external_id: Annotated[OwnId, Query()],
    kind: Literal[
        "campaign", "notice", "task", "contribution", "review", "decision", "appeal", "result"
    ] = "contribution",
) -> Response:
    """The receipt of what the platform sent under its own id."""
    service = service_of(request)
    found = await service.reader.external(caller.platform, kind, external_id)
    if found is None:
        raise NotFoundError(f"The platform has sent no {kind} with this external_id.")
    return await _receipt(service, found.index)


@router.get("/contributions/{contribution}/receipt", **_RECEIPT)
async def contribution_receipt(contribution: str, request: Request) -> Response:
    """The receipt of a contribution, as the file to keep."""
    service = service_of(request)
    return await _receipt(service, await index_of_contribution(service.reader, contribution))


@router.get("/decisions/{decision}/receipt", **_RECEIPT)
async def decision_receipt(decision: str, request: Request) -> Response:
    """The receipt of a decision."""
    service = service_of(request)
    row = await find_decision(service.reader, decision)
    return await _receipt(service, row.index)


@router.get("/entries/{index}/receipt", **_RECEIPT)
async def entry_receipt(index: str, request: Request) -> Response:
    """The receipt of any entry of the log."""
    service = service_of(request)
    return await _receipt(service, await known_index(service, index))


@router.get("/entries/{index}/proof", **gives("text/plain", "The proof"))
async def entry_proof(index: str, request: Request) -> Response:
    """The C2SP tlog-proof of an entry."""
    service = service_of(request)
    receipt = Receipt.parse(await service.reader.receipt(await known_index(service, index)))
    headers = {"Content-Disposition": f'attachment; filename="entry-{receipt.proof.index}.tlog-proof"'}
    return Response(receipt.proof.format(), headers=headers, media_type="text/plain; charset=utf-8")


async def known_index(service: Service, text: str) -> int:
    """The index that a path names. Raises NotFoundError where the log is shorter."""
    size = (await service.reader.head()).size
    if not _INDEX.fullmatch(text) or int(text) >= size:
        raise NotFoundError(f"There is no entry {text}; the log has {size}.", remedy="Entries are counted from 0.")
    return int(text)


async def _receipt(service: Service, index: int) -> Response:
    data = await service.reader.receipt(index)
    headers = {
        "Content-Disposition": f'attachment; filename="receipt-{index}.json"',
        STATUS_HEADER: state_of(await service.anchor.get(), index),
        "Access-Control-Expose-Headers": STATUS_HEADER,
    }
    return Response(data, headers=headers, media_type="application/json")
