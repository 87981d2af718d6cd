"""What people have earned, by campaign, as the book would award it: final, and pending with the reason.

A campaign's money may end before its queue does; how far it reaches is the settlement's to say, not this module's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select, union

from api.reads import Reads
from api.reads.people_facts import facts_of, facts_of_campaign, versions_of
from ledger.book import policies
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, appeal_is_open, due_ms, is_final, outcome
from ledger.book.facts import Facts
from ledger.db.tables import appeals, decisions, reviews
from ledger.log.queries import chunks

_APPEALED: Final = "an appeal is open"
_WINDOW: Final = "the appeal window is open"
_UNDECIDED: Final = "nobody has decided yet; the declared default accepts it at its deadline"
_AT_THE_END: Final = "prizes and shares are paid once the campaign is over"


@dataclass(slots=True)
class Earned:
    """What one person earned in one campaign, in base units. ``reviewing`` is the part for judging others' work."""

    campaign: Campaign
    contributor: str
    final: int = 0
    pending: int = 0
    reviewing: int = 0
    until_ms: int | None = None
    """When the last of what is pending is final if nothing more happens."""
    first_ms: int | None = None
    """When the first of it is."""
    why: set[str] = field(default_factory=set)
    shared_at_end: bool = False

    def add(self, units: int, is_now_final: bool, until_ms: int, why: str) -> None:
        """One more award."""
        if is_now_final:
            self.final += units
        elif units:
            self.pending += units
            self.until_ms = max(until_ms, self.until_ms or until_ms)
            self.first_ms = min(until_ms, self.first_ms or until_ms)
            self.why.add(why)


async def earned_by(
    reads: Reads, people: Sequence[str], now_ms: int, shares: Callable[[str], Awaitable[dict[str, int] | None]]
) -> list[Earned]:
    """What these people (public ids) earned with their work and by judging, by campaign in the order of the log.

    ``shares`` gives ``shares_of`` a campaign.
    """
    found: dict[tuple[str, str], Earned] = {}
    ids = sorted({*await versions_of(reads, people), *await _judged_by(reads, people)})
    for part in chunks(ids):
        facts = await facts_of(reads, part)
        for each in part:
            _count(found, facts, facts.contributions[each], people, now_ms)
    for line in found.values():
        if line.shared_at_end:
            await _add_share(line, now_ms, shares)
    return sorted(found.values(), key=lambda line: (line.campaign.index, line.contributor))


def _count(
    found: dict[tuple[str, str], Earned],
    facts: Facts,
    contribution: Contribution,
    people: Collection[str],
    now_ms: int,
) -> None:
    campaign = facts.campaigns[contribution.campaign]

    def line_of(who: str) -> Earned:
        return found.setdefault((campaign.opened.id, who), Earned(campaign, who))

    done = contribution.replaced_by is not None or is_final(contribution, campaign, now_ms)
    until_ms = due_ms(contribution, campaign) + 1
    why = _why(contribution)
    for reviewer, units in contribution.reviewers:
        if reviewer in people and units:
            line_of(reviewer).add(units, done, until_ms, why)
            line_of(reviewer).reviewing += units
    if contribution.contributor not in people or contribution.replaced_by is not None:
        return
    own = line_of(contribution.contributor)
    own.shared_at_end = isinstance(campaign.versions[-1].policy, policies.ONCE_FOR_ALL)
    result = outcome(contribution, campaign)
    if result.accepted:
        own.add(_rate(contribution, campaign, result.score) + result.bonus, done, until_ms, why)


def _rate(contribution: Contribution, campaign: Campaign, score: int) -> int:
    """The better of the policies under which its first version and this one were submitted."""
    versions = {contribution.version, contribution.first_version}
    return max(policies.award(campaign.versions[version].policy, score) for version in versions)


def _why(contribution: Contribution) -> str:
    if appeal_is_open(contribution):
        return _APPEALED
    return _UNDECIDED if contribution.decision is None else _WINDOW


async def _add_share(line: Earned, now_ms: int, shares: Callable[[str], Awaitable[dict[str, int] | None]]) -> None:
    """Add what somebody won in a campaign that pays once, if it is over; else say that it is not."""
    ended = line.campaign.closed or now_ms > line.campaign.last_submission_ms
    won = await shares(line.campaign.opened.id) if ended else None
    if won is None:
        line.why.add(_AT_THE_END)
        return
    line.final += won.get(line.contributor, 0)
    line.shared_at_end = False


async def shares_of(reads: Reads, campaign_id: str, now_ms: int) -> dict[str, int] | None:
    """What each contributor won in a campaign that pays once and takes nothing any more; None while it is not final.

    All its contributions are replayed for it.
    """
    facts = await facts_of_campaign(reads, campaign_id)
    campaign = facts.campaigns[campaign_id]
    latest = [each for each in facts.contributions.values() if each.replaced_by is None]
    if not all(is_final(each, campaign, now_ms) for each in latest):
        return None
    entries = [
        policies.Entry(each.index, each.id, each.contributor, result.score)
        for each in latest
        if (result := outcome(each, campaign)).accepted
    ]
    won: dict[str, int] = defaultdict(int)
    for entry, units in policies.share_out(campaign.versions[-1].policy, entries):
        won[entry.contributor] += units
    return won


async def _judged_by(reads: Reads, people: Sequence[str]) -> list[str]:
    """The contributions that these people judged."""
    judged = union(
        *(
            select(table.c.contribution).where(table.c.log == reads.log, table.c.reviewer.in_(people))
            for table in (reviews, decisions, appeals)
        )
    ).subquery()
    return [row.contribution for row in await reads.all(select(judged.c.contribution))]
