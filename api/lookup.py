"""Things by their ids, as routes and pages need them: found, of the right platform, and parsed.

With ``platform`` a thing of another platform is as missing as one that never was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from api.ids import check_id
from ledger.errors import NotFoundError
from ledger.log.reader import Reader
from ledger.log.shapes import CampaignView, ContributionView, DecisionView
from ledger.statements import kinds, onchain
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.decisions import DecisionMade
from ledger.wire import Onchain


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign: its statement, and the texts of which the statement has digests."""

    index: int
    title: str
    brief: Any
    terms: Any
    opened: CampaignOpened
    closed: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: its statement and where and when it was recorded."""

    index: int
    at_ms: int
    made: DecisionMade


async def find_campaign(reader: Reader, campaign: str, platform: str | None = None) -> Campaign:
    """A campaign. Raises NotFoundError."""
    found = await reader.campaign(check_id(campaign, "campaign"))
    if found is None or platform not in (None, found.platform):
        raise NotFoundError(f"There is no campaign {campaign}.", remedy="GET /v1/campaigns lists yours.")
    return campaign_of(found)


def campaign_of(view: CampaignView) -> Campaign:
    """A campaign with its statement and texts parsed."""
    opened = kinds.parse(view.statement)
    assert isinstance(opened, CampaignOpened)
    return Campaign(view.index, view.title, json.loads(view.brief), json.loads(view.terms), opened, view.closed)


async def find_contribution(reader: Reader, contribution: str, platform: str | None = None) -> ContributionView:
    """A contribution with the decision that stands. Raises NotFoundError."""
    found = await reader.contribution(check_id(contribution, "contribution"))
    if found is None or platform not in (None, found.platform):
        raise NotFoundError(f"There is no contribution {contribution}.")
    return found


async def index_of_contribution(reader: Reader, contribution: str) -> int:
    """The entry of a contribution. Raises NotFoundError."""
    found = await reader.contribution_index(check_id(contribution, "contribution"))
    if found is None:
        raise NotFoundError(f"There is no contribution {contribution}.")
    return found


async def find_decision(reader: Reader, decision: str) -> DecisionView:
    """A decision. Raises NotFoundError."""
    found = await reader.decision(check_id(decision, "decision"))
    if found is None:
        raise NotFoundError(f"There is no decision {decision}.")
    return found


async def standing_decision(reader: Reader, row: ContributionView) -> Decision | None:
    """The decision that stands on a contribution, with its statement."""
    if row.decision is None:
        return None
    (statement,) = await reader.statements(row.decision.index, row.decision.index + 1)
    made = kinds.parse(statement)
    assert isinstance(made, DecisionMade)
    return Decision(row.decision.index, row.decision.at_ms, made)


def onchain_of(opened: CampaignOpened) -> Onchain | None:
    """All that opens the campaign in its pool; None for one that pays points."""
    if opened.onchain is None:
        return None
    funding = 0 if opened.funding_deadline is None else onchain.chain_seconds(opened.funding_deadline)
    return Onchain(
        chain_id=opened.onchain.chain_id,
        pool=opened.onchain.pool,
        id=opened.onchain.id,
        opener=opened.onchain.opener,
        charter=onchain.charter(opened),
        goal=opened.goal or "0",
        funding_deadline=funding,
        closing_date=onchain.chain_seconds(opened.closing_date),
    )
