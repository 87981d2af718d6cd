"""Pages for the people who do the work: /me, where they sign in, and the page of a contribution."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.lookup import find_campaign, find_contribution, find_decision
from api.pages import words
from api.pages.assets import assets
from api.pages.progress import progress_of
from api.pages.rendering import page
from api.service import Service, service_of
from api.states import state_of

router = APIRouter()
_QR_SCALE: Final = 4
_QR_BORDER: Final = 4
"""Modules of quiet zone that readers need around the code (ISO/IEC 18004)."""
_MODULES: Final = ("me/", "wallet/", "vendor/lit-html.js", "words.mjs", "service.mjs")
"""What the page's script imports: named in the page, so that the browser asks for all of it at once."""
_A_DAY: Final = "public, max-age=86400"


@router.get("/me")
async def me(request: Request) -> Response:
    """What became of one's work, and one's pay. The page knows nobody: its script asks with the visitor's session."""
    service = service_of(request)
    place = service.deployment
    return page(
        request,
        "me.html",
        place=place,
        unit=service.unit,
        relays=place is not None and service.config.relayer_signer is not None,
        explorer=explorer(service),
        log=service.config.origin,
        modules=[name for name in assets() if name.startswith(_MODULES)],
    )


@router.get("/c/{contribution}")
async def contribution_page(contribution: str, request: Request) -> Response:
    """What became of a contribution: received, decided, payable when, and the receipt to keep."""
    service = service_of(request)
    row = await find_contribution(service.reader, contribution)
    campaign = await find_campaign(service.reader, row.campaign)
    progress = await progress_of(service, row, campaign)
    state = state_of(await service.anchor.get(), row.index)
    return page(
        request,
        "contribution.html",
        row=row,
        campaign=campaign,
        progress=progress,
        state=state,
        state_words=words.STATES[state],
        explorer=explorer(service),
    )


@router.get("/c/{contribution}/qr.svg")
async def contribution_code(contribution: str, request: Request) -> Response:
    """The address of a contribution's page as a QR code."""
    service = service_of(request)
    row = await find_contribution(service.reader, contribution)
    drawn = BytesIO()
    code = segno.make_qr(service.url(f"/c/{row.id}"), error="m")
    code.save(drawn, kind="svg", scale=_QR_SCALE, border=_QR_BORDER, light="#fff", svgns=True)
    return Response(drawn.getvalue(), headers={"Cache-Control": _A_DAY}, media_type="image/svg+xml")


@router.get("/d/{decision}")
async def decision_page(decision: str, request: Request) -> Response:
    """A decision is shown with its contribution."""
    service = service_of(request)
    row = await find_decision(service.reader, decision)
    return RedirectResponse(f"{service.base}/c/{row.contribution}", 302)


def explorer(service: Service) -> str:
    """Where pages link a transaction's hash to, as the begin of an address; empty where nothing is configured."""
    url = service.config.explorer_url
    return "" if url is None else f"{url.rstrip('/')}/tx/"
