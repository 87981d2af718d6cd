"""One page a problem type, so that the ``type`` of every problem leads somewhere."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.rendering import page
from ledger.errors import NotFoundError
from ledger.wire.problems import kinds

router = APIRouter(prefix="/problems")


@router.get("")
async def problem_list(request: Request) -> Response:
    """All problem types."""
    return page(request, "problems.html", kinds=sorted(kinds().values(), key=lambda kind: (kind.status, kind.slug)))


@router.get("/{slug}")
async def problem_page(slug: str, request: Request) -> Response:
    """What a problem type means and what to do about it."""
    kind = kinds().get(slug)
    if kind is None:
        raise NotFoundError(f"There is no problem type '{slug}'.", remedy="/problems lists them.")
    return page(request, "problem.html", kind=kind)
