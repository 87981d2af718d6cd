"""What the worker's rows say of it: its last report, the lease, transactions that wait, and the alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select

from api.reads import Reads
from ledger.db.tables import leases, transactions, worker_reports

_SILENT_LEASES: Final = 3
SILENT: Final = "worker-silent"


class Plan(BaseModel):
    """When the next anchor comes; see ``ledger.worker.ports.AnchorPlan``."""

    due: bool
    reason: str
    words: str
    at_ms: int | None
    entries: int
    fee: int | None
    ceiling: int | None


class Node(BaseModel):
    """How a node is; see ``ledger.chain.nodes.NodeHealth``."""

    shown: str
    aside: str
    lag_blocks: int | None


class Account(BaseModel):
    """An account that the worker signs with. Wei."""

    role: str
    address: str
    balance: int | None


class Report(BaseModel):
    """What is read of ``ledger.worker.ports.WorkerReport``, which the worker stores as JSON."""

    at_ms: int
    plan: Plan | None
    nodes: Sequence[Node]
    accounts: Sequence[Account]
    alarms: Sequence[str]

    def age_seconds(self, now_ms: int) -> int:
        """How old it is; 0 where the worker's clock is ahead of ours."""
        return max(0, now_ms - self.at_ms) // 1000


@dataclass(frozen=True, slots=True)
class Lease:
    """Who leads, and until when."""

    holder: str
    expires_ms: int


async def last_report(reads: Reads) -> Report | None:
    """The worker's last report; None without one, or where its row is damaged: then it is as good as silent."""
    row = await reads.one(select(worker_reports.c.report).where(worker_reports.c.log == reads.log))
    try:
        return None if row is None else Report.model_validate_json(row.report)
    except ValidationError:
        return None


def alarms(report: Report | None, now_ms: int, lease_seconds: float) -> list[str]:
    """The alarms that the worker has raised, and ``worker-silent`` where it has not reported for three leases."""
    if report is None:
        return [SILENT]
    silent = now_ms - report.at_ms > _SILENT_LEASES * lease_seconds * 1000
    return [*report.alarms, *([SILENT] if silent else [])]


async def lease(reads: Reads) -> Lease | None:
    """The lease, which may have run out; None where no worker ever led."""
    row = await reads.one(select(leases.c.holder, leases.c.expires_at).where(leases.c.log == reads.log))
    return None if row is None else Lease(row.holder, row.expires_at)


async def pending(reads: Reads) -> int:
    """Nonces of which no attempt is mined, so far."""
    t = transactions.c
    waits = select(t.chain_id, t.sender, t.nonce).where(t.log == reads.log, t.state == "sent").distinct()
    mined = select(t.chain_id, t.sender, t.nonce).where(t.log == reads.log, t.state.in_(("mined", "failed"))).distinct()
    return len({tuple(row) for row in await reads.all(waits)} - {tuple(row) for row in await reads.all(mined)})


async def replaced(reads: Reads) -> int:
    """Attempts whose nonce another attempt took for good."""
    t = transactions.c
    row = await reads.one(select(func.count()).where(t.log == reads.log, t.state == "replaced"))
    return 0 if row is None else int(row[0])
