"""Metrics for the operator's own watch. They hold balances and hosts of nodes, and are not for strangers."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.auth import metrics_reader
from api.metrics import MEDIA_TYPE, metrics
from api.service import service_of

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[Depends(metrics_reader)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def get_metrics(request: Request) -> Response:
    """Prometheus text; on the main log's path, of all logs. Only with the operator's key for metrics, as Bearer."""
    service = service_of(request)
    return Response(
        await metrics((service, *service.others), request.app.traffic), headers={"Content-Type": MEDIA_TYPE}
    )
