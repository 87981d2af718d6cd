"""What came of a campaign."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select

from api.reads import Reads
from ledger.db.tables import contributions, decisions, settlements
from ledger.statements.campaigns import CampaignOpened


@dataclass(frozen=True, slots=True)
class Counts:
    """How many contributions a campaign has, how many of them are decided, and how many accepted as it stands."""

    contributions: int
    decided: int
    accepted: int


async def count(reads: Reads, campaign: str) -> Counts:
    """The counts of a campaign, by the decision that stands on each contribution."""
    of_campaign = and_(contributions.c.log == reads.log, contributions.c.campaign == campaign)
    total = await reads.one(select(func.count().label("of_all")).where(of_campaign))
    later = decisions.alias()
    standing = (
        select(func.max(later.c.entry_index))
        .where(later.c.log == decisions.c.log, later.c.contribution == decisions.c.contribution)
        .correlate(decisions)
        .scalar_subquery()
    )
    accepted = func.count(case((decisions.c.verdict == "accepted", 1)))
    decided = await reads.one(
        select(func.count().label("of_all"), accepted.label("accepted"))
        .join_from(
            contributions,
            decisions,
            and_(decisions.c.log == contributions.c.log, decisions.c.contribution == contributions.c.id),
        )
        .where(of_campaign, decisions.c.entry_index == standing)
    )
    assert total is not None
    assert decided is not None
    return Counts(int(total.of_all), int(decided.of_all), int(decided.accepted))


async def settled(reads: Reads, opened: CampaignOpened) -> str | None:
    """A campaign's total in the last settlement that lists it and was not vetoed; None without one.

    A settlement lists the campaigns that it changes, and totals never fall.
    """
    if opened.onchain is None:
        return None
    query = (
        select(settlements.c.campaigns)
        .where(
            settlements.c.log == reads.log,
            settlements.c.chain_id == opened.onchain.chain_id,
            settlements.c.pool == opened.onchain.pool,
            settlements.c.state != "vetoed",
            settlements.c.campaigns.contains(opened.id),
        )
        .order_by(settlements.c.number.desc())
        .limit(1)
    )
    for row in await reads.all(query):
        for line in json.loads(row.campaigns):
            if line["campaign"] == opened.id:
                return str(line["total"])
    return None
