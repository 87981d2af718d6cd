"""Audits that were asked for; besides ``orders`` these are the only rows that the API writes itself."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, insert, select
from sqlalchemy.exc import IntegrityError

from api.reads import Reads
from ledger.db.tables import audits
from ledger.errors import NotFoundError, TooManyError
from ledger.statements.values import format_time, uuid7
from ledger.wire.audits import AuditLine, AuditReport

BETWEEN_MS: Final = 3_600_000
"""Between two audits that strangers ask for."""
_MINUTE_MS: Final = 60_000
_LINE = [column for column in audits.c if column.name != "report"]


async def ask_audit(reads: Reads, *, by_operator: bool) -> str:
    """Store the wish for an audit, or give the one that waits or runs already: its id.

    Raises TooManyError where a stranger asks less than an hour after the last one that a stranger asked for.
    """
    for _ in range(2):
        waiting = await _open(reads)
        if waiting is not None:
            return waiting
        now_ms = time.time_ns() // 1_000_000
        if not by_operator:
            await _refuse_early(reads, now_ms)
        id_ = uuid7(now_ms, os.urandom(10))
        row = {"log": reads.log, "id": id_, "state": "asked", "by_operator": by_operator, "at_ms": now_ms}
        try:
            async with reads.database.begin() as connection:
                await connection.execute(insert(audits).values(row))
        except IntegrityError:
            continue  # somebody else asked at the same moment: theirs is ours
        return id_
    raise TooManyError("Others ask for audits at this very moment.", limit="audits")


async def _open(reads: Reads) -> str | None:
    row = await reads.one(select(audits.c.id).where(audits.c.log == reads.log, audits.c.ended_ms.is_(None)).limit(1))
    return None if row is None else str(row.id)


async def early_minutes(reads: Reads, now_ms: int) -> int:
    """How many minutes strangers must wait before they may ask for another audit; 0 if they need not."""
    of = audits.c
    recent = (of.log == reads.log, of.at_ms > now_ms - BETWEEN_MS, of.by_operator.is_(False))
    row = await reads.one(select(of.at_ms).where(*recent).order_by(of.at_ms.desc()).limit(1))
    return 0 if row is None else max(1, -(-(row.at_ms + BETWEEN_MS - now_ms) // _MINUTE_MS))


async def _refuse_early(reads: Reads, now_ms: int) -> None:
    minutes = await early_minutes(reads, now_ms)
    if minutes:
        raise TooManyError(
            "This service was audited at a stranger's wish within the last hour.",
            remedy=f"Read that report, ask again in {minutes} minutes, or run 'crowdledger audit' yourself.",
            limit="audits",
        )


async def list_audits(reads: Reads, url: str, after: int | None, limit: int) -> tuple[list[AuditLine], int | None]:
    """Audits, the newest first, older than the time ``after``; and where the list goes on. ``url`` is the log's."""
    query = _ours(reads, *_LINE)
    if after is not None:
        query = query.where(audits.c.at_ms < after)
    rows = await reads.all(query.order_by(audits.c.at_ms.desc(), audits.c.id.desc()).limit(limit + 1))
    more = rows[limit - 1].at_ms if len(rows) > limit else None
    return [AuditLine(**_members(row, url)) for row in rows[:limit]], more


async def find_audit(reads: Reads, url: str, id_: str) -> AuditReport:
    """One audit with its report. Raises NotFoundError."""
    row = await reads.one(_ours(reads, audits).where(audits.c.id == id_))
    if row is None:
        raise NotFoundError(
            f"There is no audit {id_}, or it is so old that it is not kept.", remedy="GET /v1/audits lists them."
        )
    report = None if row.report is None else msgspec.json.decode(row.report)
    return AuditReport(**_members(row, url), report=report)


def _ours(reads: Reads, *what: Any) -> Select[Any]:
    return select(*what).where(audits.c.log == reads.log)


def _members(row: Row[Any], url: str) -> dict[str, Any]:
    same = ("id", "state", "by_operator", "verdict", "entries", "anchored", "errors", "warnings", "notes", "detail")
    times = {"at": row.at_ms, "started": row.started_ms, "ended": row.ended_ms}
    return (
        {name: getattr(row, name) for name in same}
        | {name: None if ms is None else format_time(ms) for name, ms in times.items()}
        | {"url": f"{url}/audits/{row.id}"}
    )
