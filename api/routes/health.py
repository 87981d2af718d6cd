"""For those who watch the service. Each path has two names: ours, and the one that orchestrators look for."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request

from api.service import Service, service_of
from ledger.errors import UnavailableError

router = APIRouter(tags=["health"])


@router.get("/health")
@router.get("/healthz", operation_id="healthz")
async def health(request: Request) -> dict[str, str | dict[str, str]]:
    """The process lives; the log, and for the main one the further ones, with the problem that keeps its writes."""
    service = service_of(request)
    return {"status": "alive", "logs": {each.config.log: _state(each) for each in (service, *service.others)}}


@router.get("/ready")
@router.get("/readyz", operation_id="readyz")
async def ready(request: Request) -> dict[str, str | int]:
    """The database answers and writes are open; otherwise 503 with what keeps them."""
    service = service_of(request)
    head = await service.heads.get(None, service.reader.head)  # no limit holds here, so many are answered by one read
    comparison = service.comparison
    if comparison.problem is not None:
        # The same error is raised for every request; without this its traceback would grow each time.
        raise comparison.problem.with_traceback(None)
    if not comparison.done:
        raise UnavailableError("The log is being compared with the anchored one.")
    return {"status": "ready", "size": head.size}


def _state(service: Service) -> str:
    if service.comparison.problem is not None:
        return service.comparison.problem.slug
    return "ready" if service.comparison.done else UnavailableError.slug
