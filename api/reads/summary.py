"""Anchors and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, Table, func, select

from api.reads import Reads
from ledger.db.tables import anchors, campaigns, contributions, decisions, entries, platforms

NOT_COUNTED: Final = dict.fromkeys(("platforms", "campaigns", "contributions", "contributors", "decisions"), 0)
"""What stands for the counts while they are counted."""


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """The newest anchor; ``finalized_size`` is that of the newest one in a finalized block, 0 without one."""

    size: int
    root: bytes
    transaction: str
    block: int
    finalized: bool
    finalized_size: int


async def last_anchor(reads: Reads) -> AnchorRow | None:
    """The newest anchor that the worker recorded."""
    row = await reads.one(select(anchors).where(anchors.c.log == reads.log).order_by(anchors.c.size.desc()).limit(1))
    if row is None:
        return None
    final = await reads.one(
        select(func.max(anchors.c.size)).where(anchors.c.log == reads.log, anchors.c.finalized.is_(True))
    )
    assert final is not None
    return AnchorRow(row.size, bytes(row.root), row.tx, row.block, row.finalized, int(final[0] or 0))


async def entry_time_ms(reads: Reads, index: int) -> int | None:
    """The time of an entry."""
    row = await reads.one(select(entries.c.at_ms).where(entries.c.log == reads.log, entries.c.entry_index == index))
    return None if row is None else int(row.at_ms)


async def counts(reads: Reads) -> dict[str, int]:
    """How many platforms, campaigns, contributions, contributors (reviewers left out) and decisions the log has."""

    def rows(table: Table, what: ColumnElement[int]) -> ScalarSelect[int]:
        return select(what).select_from(table).where(table.c.log == reads.log).scalar_subquery()

    found = await reads.one(
        select(
            rows(platforms, func.count()).label("platforms"),
            rows(campaigns, func.count()).label("campaigns"),
            rows(contributions, func.count()).label("contributions"),
            rows(contributions, func.count(contributions.c.contributor.distinct())).label("contributors"),
            rows(decisions, func.count()).label("decisions"),
        )
    )
    assert found is not None
    return {name: int(value) for name, value in found._mapping.items()}
