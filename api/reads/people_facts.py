"""What the book says of some contributions and wallets, replayed from the statements about them.

The book's own code applies the statements (``ledger.book.facts``), so what a contributor is told here is what the fold
will do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select

from api.reads import Reads
from ledger.book.facts import Facts, Link
from ledger.db.tables import campaigns, contributions, entries
from ledger.log.queries import chunks
from ledger.statements import kinds


async def facts_of(reads: Reads, ids: Collection[str]) -> Facts:
    """Facts of the contributions with these ids, of all their versions, and of their campaigns. Counts are not."""
    firsts: set[str] = set()
    of_campaigns: set[str] = set()
    for part in chunks(sorted(set(ids))):
        query = select(contributions.c.first, contributions.c.campaign).where(
            contributions.c.log == reads.log, contributions.c.id.in_(part)
        )
        for row in await reads.all(query):
            firsts.add(row.first)
            of_campaigns.add(row.campaign)
    return await facts_about(reads, firsts | of_campaigns)


async def facts_of_campaign(reads: Reads, campaign: str) -> Facts:
    """Facts of a campaign and of all its contributions."""
    query = select(contributions.c.first).where(contributions.c.log == reads.log, contributions.c.campaign == campaign)
    firsts = {row.first for row in await reads.all(query.distinct())}
    return await facts_about(reads, firsts | {campaign})


async def links_of(reads: Reads, people: Collection[str]) -> dict[str, Link]:
    """The latest wallet links of contributors, as far as they have any."""
    return (await facts_about(reads, people)).links


async def wallet_delay_ms(reads: Reads) -> int:
    """How long a new wallet waits until it is in force."""
    return (await facts_about(reads, ())).wallet_delay_ms


async def facts_about(reads: Reads, subjects: Collection[str]) -> Facts:
    """Facts of campaigns, contributors and contributions with all their versions, by the id of the first version."""
    facts = Facts()
    opened = await reads.opened()
    found: list[Row[Any]] = []
    for part in chunks(sorted(set(subjects))):
        query = select(entries.c.entry_index, entries.c.statement).where(
            entries.c.log == reads.log, entries.c.subject.in_(part)
        )
        found += await reads.all(query)
    if opened is not None:
        facts.apply(opened, 0)
    for row in sorted(found, key=lambda each: each.entry_index):
        facts.apply(kinds.parse(bytes(row.statement)), row.entry_index, counting=False)
    return facts


async def titles_of(reads: Reads, ids: Collection[str]) -> dict[str, str]:
    """The titles of campaigns."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(ids))):
        query = select(campaigns.c.id, campaigns.c.title).where(campaigns.c.log == reads.log, campaigns.c.id.in_(part))
        found |= {row.id: row.title for row in await reads.all(query)}
    return found


async def versions_of(reads: Reads, people: Sequence[str]) -> list[str]:
    """The ids of everything that these people contributed, in the order of the log."""
    query = (
        select(contributions.c.id)
        .where(contributions.c.log == reads.log, contributions.c.contributor.in_(people))
        .order_by(contributions.c.entry_index)
    )
    return [row.id for row in await reads.all(query)]
