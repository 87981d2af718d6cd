"""The worker's rows in a real database, SQLite or PostgreSQL."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from sqlalchemy import insert, select, update

from ledger.db.tables import requests, worker_reports
from ledger.log.queries import chunks
from ledger.worker.ports import Asked, WorkerReport
from ledger.worker.real.stored.anchors import AnchorRows
from ledger.worker.real.stored.claims import ClaimRows
from ledger.worker.real.stored.events import EventRows
from ledger.worker.real.stored.settlements import SettlementRows
from ledger.worker.real.stored.transactions import TransactionRows

_MOST = 1_000
"""Requests that are looked at in a step."""


class DatabaseRows(TransactionRows, AnchorRows, ClaimRows, SettlementRows, EventRows):
    """``ports.Rows`` and ``ports.Events``: each call is one transaction; those that write hold the lease's row until
    they end.

    What is fenced is looked at with the holder and the token of the last ``hold`` that succeeded.
    """

    async def asked(self) -> list[Asked]:
        """See ``ports.Rows``."""
        r = requests.c
        query = select(r.id, r.kind, r.at_ms).where(r.log == self._log, r.state == "asked")
        rows = await self._all(query.order_by(r.at_ms, r.id).limit(_MOST))
        return [Asked(id=row.id, kind=row.kind, at_ms=row.at_ms) for row in rows]

    async def answer(self, ids: Sequence[str], detail: str) -> None:
        """See ``ports.Rows``."""
        if not ids:
            return
        async with self._writing() as connection:
            for some in chunks(ids):
                ours = (requests.c.log == self._log, requests.c.id.in_(some))
                await connection.execute(update(requests).where(*ours).values(state="done", detail=detail))

    async def report(self, report: WorkerReport) -> None:
        """See ``ports.Rows``."""
        values = {"report": json.dumps(dataclasses.asdict(report)), "at_ms": report.at_ms}
        async with self._writing() as connection:
            ours = worker_reports.c.log == self._log
            changed = await connection.execute(update(worker_reports).where(ours).values(values))
            if changed.rowcount == 0:
                await connection.execute(insert(worker_reports).values({"log": self._log} | values))
