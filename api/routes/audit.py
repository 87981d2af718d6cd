"""Where an audit begins."""

from __future__ import annotations

import time

from fastapi import APIRouter
from starlette.requests import Request

from api.reads import settlements, summary, worker
from api.service import Service, service_of
from ledger.statements.values import format_time
from ledger.wire import (
    AnchorPlan,
    AnchorSummary,
    AuditSummary,
    ChainSummary,
    LogSummary,
    Settlement,
    WorkerSummary,
)

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("/summary")
async def get_summary(request: Request) -> AuditSummary:
    """The log's name, key, size and signed checkpoint, its last anchor and settlement, and where they stand.

    The main log names the further logs of the service.
    """
    service = service_of(request)
    return await summarise(service, await service.counts.get())


async def summarise(service: Service, counts: dict[str, int]) -> AuditSummary:
    """The summary with what was counted, for this path and for the pages."""
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
        worker=None if place is None else await _worker(service),
        logs=[await _other(each) for each in service.others],
        **counts,
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


async def _worker(service: Service) -> WorkerSummary:
    """How the worker is. Hosts of nodes and balances are for the operator's metrics."""
    now_ms = time.time_ns() // 1_000_000
    report = await worker.last_report(service.reads)
    plan = None if report is None else report.plan
    return WorkerSummary(
        at=None if report is None else format_time(report.at_ms),
        age_seconds=None if report is None else report.age_seconds(now_ms),
        plan=None
        if plan is None
        else AnchorPlan(
            due=plan.due,
            reason=plan.reason,
            words=plan.words,
            at=None if plan.at_ms is None else format_time(plan.at_ms),
            entries=plan.entries,
            fee=_wei(plan.fee),
            ceiling=_wei(plan.ceiling),
        ),
        nodes=0 if report is None else len(report.nodes),
        nodes_aside=0 if report is None else sum(bool(node.aside) for node in report.nodes),
        alarms=worker.alarms(report, now_ms, service.config.lease_seconds),
    )


def _wei(value: int | None) -> str | None:
    return None if value is None else str(value)


async def _last_settlement(service: Service) -> Settlement | None:
    if service.deployment is None:
        return None
    return await settlements.last_settlement(service.reads, (service.deployment.chain_id, service.deployment.pool))
