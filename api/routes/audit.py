"""Where an audit begins."""

from __future__ import annotations

import time

from fastapi import APIRouter
from starlette.requests import Request

from api.reads import settlements, summary
from api.service import Service, service_of
from ledger.statements.values import format_time
from ledger.wire import AnchorSummary, AuditSummary, ChainSummary, LogSummary, Settlement

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("/summary")
async def get_summary(request: Request) -> AuditSummary:
    """The log's name, key, size and signed checkpoint, its last anchor and settlement, and where they stand.

    The main log names the further logs of the service.
    """
    return await summarise(service_of(request))


async def summarise(service: Service) -> AuditSummary:
    """The summary, for this path and for the pages."""
    head = await service.reader.head()
    place = service.deployment
    return AuditSummary(
        origin=service.config.origin,
        vkey=head.vkey,
        log=service.config.log,
        size=head.size,
        checkpoint=head.checkpoint,
        last_at=format_time(head.at_ms),
        chain=None
        if place is None
        else ChainSummary(
            chain_id=place.chain_id,
            contract=place.contribution_log,
            log_id=place.log_id,
            pool=place.pool,
            token=place.token,
            block=place.block,
        ),
        anchor=await _anchor(service),
        settlement=await _last_settlement(service),
        logs=[await _other(each) for each in service.others],
        **await service.counts.get(),
    )


async def _other(service: Service) -> LogSummary:
    vkey = (await service.reader.head()).vkey
    return LogSummary(log=service.config.log, origin=service.config.origin, vkey=vkey, url=service.public_url)


async def _anchor(service: Service) -> AnchorSummary | None:
    """The last anchor. Its age is that of the newest entry it covers."""
    last = await service.anchor.get()
    if last is None:
        return None
    covered_ms = await summary.entry_time_ms(service.reads, last.size - 1) or 0
    return AnchorSummary(
        size=last.size,
        root=last.root.hex(),
        transaction=last.transaction,
        block=last.block,
        age_seconds=max(0, (time.time_ns() // 1_000_000 - covered_ms) // 1000),
        finalized=last.finalized,
    )


async def _last_settlement(service: Service) -> Settlement | None:
    if service.deployment is None:
        return None
    return await settlements.last_settlement(service.reads, (service.deployment.chain_id, service.deployment.pool))
