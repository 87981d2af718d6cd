"""Appeals: those that wait for somebody, by deadline, and all of a platform or a contributor, by entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, and_, select

from api.reads import Reads
from api.reads.people_facts import facts_of
from ledger.book.campaigns import Campaign
from ledger.db.tables import appeals, contributions

MAX_OPEN: Final = 5000
"""Open appeals that are put in the order of their deadlines at a time: the oldest."""


@dataclass(frozen=True, slots=True)
class Filed:
    """An appeal with its contribution's place; ``due_ms`` is its deadline."""

    row: Row[Any]
    campaign: Campaign

    @property
    def due_ms(self) -> int:
        """After it the campaign's declared default takes effect."""
        return int(self.row.at_ms) + self.campaign.resolution_ms


@dataclass(frozen=True, slots=True)
class Whose:
    """Appeals of one platform, or of these contributors (public ids)."""

    platform: str | None = None
    people: Sequence[str] = ()


async def find_appeal(reads: Reads, appeal: str) -> Row[Any] | None:
    """An appeal by id, with the platform and the campaign of its contribution."""
    return await reads.one(_appeals(reads).where(appeals.c.id == appeal))


async def open_appeals(
    reads: Reads, whose: Whose, now_ms: int, skip: int, limit: int
) -> tuple[list[Filed], int | None]:
    """Appeals that can still be resolved, the most urgent first; and how many to skip for the next page."""
    query = _of(_appeals(reads), whose).where(appeals.c.resolved.is_(None))
    found = await _filed(reads, await reads.all(query.order_by(appeals.c.entry_index).limit(MAX_OPEN)))
    waiting = sorted((each for each in found if now_ms <= each.due_ms), key=lambda each: (each.due_ms, each.row.id))
    more = len(waiting) > skip + limit
    return waiting[skip : skip + limit], skip + limit if more else None


async def all_appeals(reads: Reads, whose: Whose, after: int | None, limit: int) -> tuple[list[Filed], int | None]:
    """Appeals in the order of the log, and behind which entry the next page begins."""
    query = _of(_appeals(reads), whose)
    if after is not None:
        query = query.where(appeals.c.entry_index > after)
    rows = await reads.all(query.order_by(appeals.c.entry_index).limit(limit + 1))
    more = rows[limit - 1].entry_index if len(rows) > limit else None
    return await _filed(reads, rows[:limit]), more


def _appeals(reads: Reads) -> Select[Any]:
    return (
        select(
            appeals,
            contributions.c.platform,
            contributions.c.campaign,
            contributions.c.contributor,
            contributions.c.entry_index.label("contributed"),
        )
        .join_from(
            appeals,
            contributions,
            and_(contributions.c.log == appeals.c.log, contributions.c.id == appeals.c.contribution),
        )
        .where(appeals.c.log == reads.log)
    )


def _of(query: Select[Any], whose: Whose) -> Select[Any]:
    if whose.platform is not None:
        return query.where(contributions.c.platform == whose.platform)
    return query.where(contributions.c.contributor.in_(whose.people))


async def _filed(reads: Reads, rows: Sequence[Row[Any]]) -> list[Filed]:
    """The rows with their campaigns, each of which is read once."""
    one_each = {row.campaign: row.contribution for row in rows}
    facts = await facts_of(reads, list(one_each.values()))
    return [Filed(row, facts.campaigns[row.campaign]) for row in rows]
