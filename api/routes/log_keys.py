"""The log's keys: what leads from one that somebody trusts to the one in force."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.service import service_of
from ledger.wire import LogKey, LogKeys

router = APIRouter(tags=["log"])


@router.get("/keys.json", response_model_exclude_none=True)
async def get_keys(request: Request, response: Response) -> LogKeys:
    """All keys that the log has had; each rotation with its statement and the proof that it is in the log."""
    reader = service_of(request).reader
    keys = (await reader.log_keys()).keys
    receipts = await reader.receipts([entry for entry, _ in keys[1:]])
    response.headers["Cache-Control"] = "no-cache"
    return LogKeys(
        keys=[
            LogKey(
                key=key.vkey,
                from_index=entry,
                proof=receipts[entry].proof.format() if entry else None,
            )
            for entry, key in keys
        ]
    )
