"""The page /seal: commitments made in the contributor's own browser."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.rendering import page
from api.service import service_of

router = APIRouter()
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No connections at all: what is typed here can go nowhere."""


@router.get("/seal")
async def seal(request: Request) -> Response:
    """A form that seals an entry for this log."""
    return page(request, "seal.html", policy=POLICY, log=service_of(request).config.origin)
