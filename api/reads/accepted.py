"""What stands as accepted in a campaign, in the order of the log, with its content where that was not erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from api.reads import Reads
from api.reads.openings import openings
from api.reads.standing import COUNTS, standing
from ledger.book.campaigns import Campaign
from ledger.db.tables import contributions, entries
from ledger.log.queries import chunks
from ledger.statements.commitments import Opening

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted contribution. ``score`` in millionths; ``decision`` is None where the default accepted it."""

    id: str
    index: int
    at_ms: int
    contributor: str
    task: str | None
    score: int
    decision: str | None
    decided_index: int | None
    opening: Opening | None


async def accepted(reads: Reads, campaign: Campaign, now_ms: int) -> AsyncIterator[Accepted]:
    """Yield what stands as accepted, page by page."""
    after = -1
    while True:
        page = standing(reads, campaign, now_ms).where(contributions.c.entry_index > after)
        rows = await reads.all(page.order_by(contributions.c.entry_index).limit(_PAGE))
        good = [row for row in rows if row.state in COUNTS]
        opened = await openings(reads, "contribution", (row.id for row in good))
        for row in good:
            yield Accepted(
                row.id,
                row.entry_index,
                row.at_ms,
                row.contributor,
                row.task,
                int(row.score),
                row.decision,
                row.decided_index,
                opened.get(row.id),
            )
        if len(rows) < _PAGE:
            return
        after = rows[-1].entry_index


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as recorded: its statement's bytes and its leaf hash (32 bytes)."""

    statement: bytes
    leaf: bytes


async def recorded(reads: Reads, indexes: list[int]) -> dict[int, Recorded]:
    """Entries by their index."""
    found: dict[int, Recorded] = {}
    for part in chunks(sorted(set(indexes))):
        query: Any = select(entries).where(entries.c.log == reads.log, entries.c.entry_index.in_(part))
        for row in await reads.all(query):
            found[row.entry_index] = Recorded(bytes(row.statement), bytes(row.leaf_hash))
    return found
