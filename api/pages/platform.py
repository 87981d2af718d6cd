"""The platform's console. What it shows is asked for by its scripts, with the visitor's key or session."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from typing import Annotated, Final

import msgspec
import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.bodies import read_one
from api.pages.rendering import PAGE_POLICY, page
from api.service import service_of
from ledger.chain.units import POINTS
from ledger.connectors import registry
from ledger.errors import FieldError

router = APIRouter()
_POLICY: Final = f"{PAGE_POLICY}; media-src blob:"
"""Besides: recordings that a reviewer listens to, fetched with the key and played from memory."""
_SCALE: Final = 5


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-in link."""

    url: Annotated[str, msgspec.Meta(max_length=500)]


_DECODER: Final = msgspec.json.Decoder(Link)


@router.get("/platform")
async def console(request: Request) -> Response:
    """Keys, members, campaigns, reviews, appeals, costs and settlements of a platform."""
    service = service_of(request)
    unit, place = service.unit, service.deployment
    return page(
        request,
        "platform.html",
        policy=_POLICY,
        symbol=unit.name,
        decimals=unit.decimals,
        points=POINTS.name,
        chain_id="" if place is None else place.chain_id,
        pool="" if place is None else place.pool,
        connectors=_connectors(),
    )


@cache
def _connectors() -> str:
    """The platforms that can call us, as JSON for the console's script."""
    able = sorted((each for each in registry.connectors().values() if each.hook), key=lambda each: each.title)
    return json.dumps([{"name": each.name, "title": each.title} for each in able])


@router.post("/platform/code")
async def code(request: Request, _caller: Annotated[Caller, needs("submit")]) -> Response:
    """A sign-in link as a code to scan. It is sent in the body, so that no log of requests ever has the token."""
    service = service_of(request)
    address = (await read_one(request, _DECODER)).url
    if not address.startswith(service.url("/me#link=")):
        raise FieldError("url: This is no sign-in link of ours.", field="url", remedy="Send the link as it is.")
    svg = BytesIO()
    segno.make(address, error="m").save(svg, kind="svg", scale=_SCALE, dark="#000", light="#fff", xmldecl=False)
    return Response(svg.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
