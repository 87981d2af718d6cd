"""How far a campaign's money reaches: integers from counts by version, state and score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all

from api.reads import Reads
from api.reads.standing import ACCEPTED, COUNTS, OPEN, Group
from ledger.book import policies
from ledger.book.campaigns import Campaign, Version
from ledger.db.tables import amendments, appeals, campaign_funds, contributions, decisions, reviews
from ledger.statements.campaigns import Policy, Pool, Prizes
from ledger.statements.values import SCORE_ONE


@dataclass(frozen=True, slots=True)
class Money:
    """Base units. ``limit`` is the lesser of budget and recorded funds, ``next`` the most that one more work costs."""

    limit: int
    earned: int
    open: int
    next: int

    @property
    def left(self) -> int:
        """What new work can still earn."""
        return max(0, self.limit - self.earned - self.open)

    @property
    def used_up(self) -> bool:
        """Whether the money does not pay one more contribution whole, or not even what is promised."""
        return self.limit - self.earned - self.open < self.next


async def money(reads: Reads, campaign: Campaign, stand: Sequence[Group]) -> Money:
    """What is earned as it stands, what may still be, and what is left; ``stand`` is how all contributions stand."""
    earned, open_, undecided, given = 0, 0, 0, 0
    for group in stand:
        if group.verdict is None and group.state == OPEN:
            undecided += group.number
            given += group.reviews
        if group.state in COUNTS:
            earned += units(campaign.versions, group)
        elif group.state == OPEN:
            open_ += units(campaign.versions, group)
    once = campaign.versions[-1].policy
    if isinstance(once, policies.ONCE_FOR_ALL):
        open_ += _total(once)
    rate = campaign.versions[-1].reviewer_rate
    judges = 1 if campaign.opened.judging is None else campaign.opened.judging.judges
    earned += await _reviewers(reads, campaign)
    open_ += rate * max(0, undecided * judges - given)
    return Money(
        limit=await _limit(reads, campaign),
        earned=earned,
        open=open_,
        next=policies.award(once, SCORE_ONE) + rate * judges,
    )


def units(versions: list[Version], group: Group) -> int:
    """What the contributions of a group earn: the better of the pay of their first version and of their own."""
    rates = (versions[group.version].policy, versions[group.first_version].policy)
    bonus = group.bonus if group.state != OPEN or group.verdict == ACCEPTED else 0
    return group.number * (max(policies.award(policy, group.score) for policy in rates) + bonus)


def _total(policy: Policy) -> int:
    match policy:
        case Prizes():
            return sum(map(int, policy.amounts))
        case Pool():
            return int(policy.total)
        case _:
            return 0


async def _limit(reads: Reads, campaign: Campaign) -> int:
    budget = campaign.versions[-1].budget
    if campaign.opened.onchain is None:
        return budget
    funds = campaign_funds
    record = await reads.one(select(funds).where(funds.c.log == reads.log, funds.c.campaign == campaign.opened.id))
    if record is None or not record.goal_reached:
        return 0
    return min(budget, int(record.funded) - int(record.returned))


async def _reviewers(reads: Reads, campaign: Campaign) -> int:
    """What reviews, decisions by people, and appeals resolved without a new decision have earned their reviewers."""
    rates = [version.reviewer_rate for version in campaign.versions]
    if not any(rates):
        return 0
    of_campaign = and_(contributions.c.log == reads.log, contributions.c.campaign == campaign.opened.id)

    def judged(table: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
        mine = and_(table.c.log == contributions.c.log, table.c.contribution == contributions.c.id)
        submitted = select(contributions.c.entry_index).select_from(
            table
        )  # a judge is paid by the contribution's terms
        return submitted.join(contributions, mine).where(of_campaign, *conditions)

    every = union_all(
        judged(reviews),
        judged(decisions, decisions.c.reviewer.is_not(None)),
        judged(appeals, appeals.c.outcome == appeals.c.decision),
    ).subquery()
    before = (
        select(func.count())
        .where(
            amendments.c.log == reads.log,
            amendments.c.campaign == campaign.opened.id,
            amendments.c.entry_index < every.c.entry_index,
        )
        .correlate(every)
        .scalar_subquery()
        .label("version")
    )
    versions = select(before).select_from(every).subquery()
    rows: Iterable[Any] = await reads.all(
        select(versions.c.version, func.count().label("number")).group_by(versions.c.version)
    )
    return sum(rates[row.version] * int(row.number) for row in rows)
