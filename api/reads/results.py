"""Published results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.reads import Reads
from api.reads.openings import openings
from ledger.db.tables import campaigns, results
from ledger.errors import NotFoundError
from ledger.log.queries import Page
from ledger.statements import kinds
from ledger.statements.commitments import Opening
from ledger.statements.results import ResultPublished


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result; ``opening`` is None where it is not public or was erased."""

    index: int
    platform: str
    public: bool
    statement: ResultPublished
    opening: Opening | None


async def find_result(reads: Reads, result: str) -> ResultRow:
    """A result. Raises NotFoundError."""
    query = (
        select(results, campaigns.c.platform)
        .join(campaigns, (campaigns.c.log == results.c.log) & (campaigns.c.id == results.c.campaign))
        .where(results.c.log == reads.log, results.c.id == result)
    )
    row = await reads.one(query)
    if row is None:
        raise NotFoundError(f"There is no result {result}.", remedy="GET /v1/campaigns/{campaign}/results lists them.")
    public = bool(row.public)
    opened = (await openings(reads, "result", [result])).get(result) if public else None
    return ResultRow(row.entry_index, row.platform, public, _parse(row), opened)


async def list_results(reads: Reads, campaign: str, after: int | None, limit: int) -> Page[ResultRow]:
    """The results of a campaign in the order of the log, without their openings."""
    query = select(results).where(
        results.c.log == reads.log, results.c.campaign == campaign, results.c.entry_index > (after or 0)
    )
    rows = await reads.all(query.order_by(results.c.entry_index).limit(limit + 1))
    items = [ResultRow(row.entry_index, "", bool(row.public), _parse(row), None) for row in rows[:limit]]
    return Page(items, items[-1].index if len(rows) > limit else None)


def _parse(row: Any) -> ResultPublished:
    statement = kinds.parse(bytes(row.statement))
    assert isinstance(statement, ResultPublished)
    return statement
