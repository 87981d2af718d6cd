"""Anchors, newest first, each with the time of the newest entry that it covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, select

from api.reads import Reads
from ledger.db.tables import anchors, entries


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor: how many entries it covers, of which ``added`` by none before it, and the time of the newest."""

    size: int
    added: int
    root: bytes
    transaction: str
    block: int
    chain_id: int
    finalized: bool
    covered_ms: int | None


async def list_anchors(reads: Reads, below: int | None, limit: int) -> tuple[list[Anchored], int | None]:
    """Anchors of fewer than ``below`` entries, the largest first; and where the list goes on."""
    query = _anchors(reads).order_by(anchors.c.size.desc(), anchors.c.chain_id)
    if below is not None:
        query = query.where(anchors.c.size < below)
    rows = await reads.all(query.limit(limit + 1))
    shown = rows[:limit]
    before = [row.size for row in rows[1:]] + [0]
    more = shown[-1].size if len(rows) > limit else None
    return [_anchored(row, smaller) for row, smaller in zip(shown, before, strict=False)], more


async def first_covering(reads: Reads, index: int) -> Anchored | None:
    """The first anchor that covers an entry; ``added`` is not known."""
    query = _anchors(reads).where(anchors.c.size > index).order_by(anchors.c.size, anchors.c.chain_id).limit(1)
    row = await reads.one(query)
    return None if row is None else _anchored(row, 0)


async def count_anchors(reads: Reads) -> int:
    """How many there are."""
    row = await reads.one(select(func.count().label("number")).where(anchors.c.log == reads.log))
    return 0 if row is None else int(row.number)


def _anchors(reads: Reads) -> Select[Any]:
    newest = and_(entries.c.log == anchors.c.log, entries.c.entry_index == anchors.c.size - 1)
    return select(anchors, entries.c.at_ms).outerjoin(entries, newest).where(anchors.c.log == reads.log)


def _anchored(row: Row[Any], before: int) -> Anchored:
    return Anchored(
        size=row.size,
        added=row.size - before,
        root=bytes(row.root),
        transaction=row.tx,
        block=row.block,
        chain_id=row.chain_id,
        finalized=bool(row.finalized),
        covered_ms=row.at_ms,
    )


async def entry_lines(reads: Reads, indexes: Sequence[int]) -> list[tuple[int, str, int]]:
    """(index, kind, time in ms) of some entries, as far as they are there."""
    of = entries.c
    query = select(of.entry_index, of.kind, of.at_ms).where(of.log == reads.log, of.entry_index.in_(indexes))
    return [(row.entry_index, row.kind, row.at_ms) for row in await reads.all(query.order_by(of.entry_index))]
