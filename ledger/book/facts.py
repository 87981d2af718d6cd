"""What rules need to know about the log so far.

The fold keeps the facts of a whole log; the writer loads those that a group of items names. Both change them with
``apply`` and ask the same rules, so a statement that the writer accepts takes effect in every replay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec

from ledger.book.campaigns import Campaign, Version
from ledger.book.contributions import Appeal, Contribution, Decision, Review, is_final
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignFunded,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    TaskAdded,
)
from ledger.statements.contents import AuditorMandated, ContentErased
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogKeyRotated, LogOpened
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.results import ResultPublished
from ledger.statements.signatures import Signers
from ledger.statements.values import score_millionths, time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected


class Link(msgspec.Struct, gc=False):
    """The latest wallet link of a contributor. ``previous`` is the wallet that was in force when it came."""

    index: int
    at_ms: int
    address: str
    in_force_after_ms: int
    set_by: int
    """The entry that set that time: the link, or the objection to it."""
    previous: str | None = None
    may_object: bool = False
    """Whether the wallet in force can still delay it: there is one, which neither agreed nor objected."""


class Record(msgspec.Struct, gc=False):
    """A contributor's contributions by the decision that stands: the raw figures of a reputation."""

    accepted: int = 0
    decided: int = 0


def _of_many() -> dict[str, Any]:
    """An empty dictionary for millions of ids, in which one that is not there is missed sooner.

    While all keys of a dictionary are texts, CPython leaves their hashes with them and so reads, at every collision, a
    text somewhere else in memory. Once it has had another key, it keeps the hashes beside the keys.
    """
    made: dict[Any, Any] = {None: None}
    del made[None]
    return made


@dataclass(slots=True)
class Facts:
    """The facts, by id. ``contributors`` gives the platform that first named somebody; reviewers are among them."""

    origin: str = ""
    log_keys: list[tuple[int, str]] = field(default_factory=list)
    """The log's verifier keys, as texts, with the entries that put them in force."""
    wallet_delay_ms: int = 0
    platforms: set[str] = field(default_factory=set)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    """Task to campaign."""
    contributors: dict[str, str] = field(default_factory=dict)
    authors: dict[str, str] = field(default_factory=dict)
    """By contributor: the wallet that signed their first contribution, empty where none did."""
    records: dict[str, Record] = field(default_factory=dict)
    contributions: dict[str, Contribution] = field(default_factory=_of_many)
    decisions: dict[str, str] = field(default_factory=_of_many)
    """Decision, review and appeal (each in its own dictionary) to contribution."""
    reviews: dict[str, str] = field(default_factory=dict)
    appeals: dict[str, str] = field(default_factory=dict)
    notices: set[str] = field(default_factory=set)
    results: dict[str, str] = field(default_factory=dict)
    """Result to campaign."""
    ratings: dict[str, str] = field(default_factory=dict)
    """A contributor's rating to campaign."""
    feedback: set[tuple[str, str]] = field(default_factory=set)
    """Contributor and what they rated."""
    erased: set[tuple[str, str]] = field(default_factory=set)
    """Purpose and subject of commitments that can no longer be opened."""
    mandates: dict[str, AuditorMandated] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    signers: Signers = field(default_factory=dict, compare=False, repr=False)
    """Of links' messages, as far as whoever reads the log has recovered them already; nobody has to."""

    def apply(self, statement: AnyStatement, index: int, *, counting: bool = True) -> None:
        """Take the effect of a statement that ``rules.check`` let pass.

        ``counting`` is False where a statement of the past is taken again whose counts were loaded as numbers.
        """
        match statement:
            case ContributionSubmitted():
                self.submit(statement, self.campaigns[statement.campaign], time_ms(statement.at), index, counting)
            case DecisionMade():
                contribution = self.contributions[statement.contribution]
                self.decide(statement, contribution, time_ms(statement.at), index, counting)
            case _:
                effect = _EFFECTS.get(type(statement))
                if effect is not None:
                    effect(self, statement, index)

    def campaign_of(self, purpose: str, subject: str) -> str | None:
        """The campaign of what carries a commitment; None if there is no such thing."""
        match purpose:
            case "task":
                return self.tasks.get(subject)
            case "result":
                return self.results.get(subject)
            case "feedback" if subject in self.ratings:
                return self.ratings[subject]
            case "contribution":
                contribution: str | None = subject
            case "appeal":
                contribution = self.appeals.get(subject)
            case "inputs":
                contribution = self.decisions.get(subject)
            case _:
                known = self.decisions.get(subject) or self.reviews.get(subject)
                contribution = known or self.appeals.get(subject)
        found = self.contributions.get(contribution or "")
        return found.campaign if found else None

    def wallet_in_force(self, contributor: str, clock_ms: int) -> str | None:
        """The wallet that a contributor's pay goes to."""
        link = self.links.get(contributor)
        if link is None:
            return None
        return link.address if clock_ms > link.in_force_after_ms else link.previous

    def submit(
        self, statement: ContributionSubmitted, campaign: Campaign, at_ms: int, index: int, counting: bool = True
    ) -> Contribution:
        """Take a contribution to a campaign."""
        id_, who, signature = statement.id, statement.contributor, statement.signature
        task = None if statement.task is None else intern(statement.task)
        opened = campaign.opened
        version = campaign.version_at(index) if len(campaign.versions) > 1 else 0
        # One text for all: whatever looks something up by it finds its hash made.
        made = self.contributions[id_] = Contribution(id_, index, at_ms, opened.id, who, task, version)
        counted = counting and statement.replaces is None
        # Whoever has taken part before is known.
        if (not counted or campaign.count(who, task)) and who not in self.authors:
            self.contributors.setdefault(who, opened.platform)
            self.authors[who] = "" if signature is None else signature.address
        if signature is not None:
            first = self.authors.get(who)
            made.signer = first if first == signature.address else signature.address
        if statement.replaces is None:
            return made
        old = self.contributions[statement.replaces]
        old.note(replaced_by=id_)
        round_ = old.round + (old.decision is not None)
        made.note(first_version=old.first_version, number=old.number + 1, round=round_)
        return made

    def decide(
        self, statement: DecisionMade, contribution: Contribution, at_ms: int, index: int, counting: bool = True
    ) -> None:
        """Take a decision on a contribution."""
        id_, verdict, old = statement.id, statement.verdict, contribution.decision
        reviewer = None if statement.reviewer is None else intern(statement.reviewer)
        self.decisions[id_] = contribution.id
        if old is not None and is_final(contribution, self.campaigns[contribution.campaign], at_ms):
            contribution.note(reopened=True, appeal=None)
        superseding = old is not None and not contribution.reopened
        contribution.decision = Decision(
            id_,
            index,
            at_ms,
            verdict,
            score_millionths(statement.score),
            0 if statement.bonus is None else int(statement.bonus),
            superseding,
            reviewer,
        )
        if reviewer is not None:
            self._reviewed(reviewer, contribution, self.campaigns[contribution.campaign])
        if counting:
            record = self.records.get(contribution.contributor)
            if record is None:
                record = self.records[contribution.contributor] = Record()
            if old is not None and old.verdict != "needs_work":
                record.decided -= 1
                record.accepted -= old.verdict == "accepted"
            if verdict != "needs_work":
                record.decided += 1
                if verdict == "accepted":
                    record.accepted += 1

    def _reviewed(self, reviewer: str, contribution: Contribution, campaign: Campaign) -> None:
        """A person has judged: they are known from now on, and paid by the terms of the contribution once it is final.

        A rate that is raised later counts for later contributions, or judges could use up what others have worked for.
        """
        self.contributors.setdefault(reviewer, campaign.opened.platform)
        rate = campaign.versions[contribution.version].reviewer_rate
        contribution.reviewers += _judge(reviewer, rate)


@lru_cache(maxsize=4096)
def _judge(reviewer: str, rate: int) -> tuple[tuple[str, int]]:
    """Who judged and what that pays, as one tuple for all contributions: mostly it is the only one there."""
    return ((reviewer, rate),)


def _review(facts: Facts, statement: ReviewGiven, index: int) -> None:
    contribution = facts.contributions[statement.contribution]
    facts.reviews[statement.id] = contribution.id
    reviewer = intern(statement.reviewer)
    contribution.note(reviews=(*contribution.reviews, Review(statement.id, reviewer, statement.second_look)))
    facts._reviewed(reviewer, contribution, facts.campaigns[contribution.campaign])


def _file(facts: Facts, statement: AppealFiled, index: int) -> None:
    contribution = facts.contributions[statement.contribution]
    facts.appeals[statement.id] = contribution.id
    appeal = Appeal(statement.id, index, time_ms(statement.at), statement.decision)
    contribution.note(appeal=appeal)


def _resolve(facts: Facts, statement: AppealResolved, index: int) -> None:
    contribution = facts.contributions[facts.appeals[statement.appeal]]
    assert contribution.appeal is not None
    contribution.appeal.resolved = True
    standing = contribution.decision
    if standing is not None and standing.id == contribution.appeal.decision:  # else its decision is paid already
        facts._reviewed(statement.reviewer, contribution, facts.campaigns[contribution.campaign])


def _withdraw(facts: Facts, statement: ContributionWithdrawn, index: int) -> None:
    contribution = facts.contributions[statement.contribution]
    contribution.note(withdrawn=True)
    facts.campaigns[contribution.campaign].uncount(contribution.contributor, contribution.task)


def _reveal(facts: Facts, statement: ContributionRevealed, index: int) -> None:
    facts.contributions[statement.contribution].note(revealed=True)


def _open_campaign(facts: Facts, statement: CampaignOpened, index: int) -> None:
    facts.campaigns[statement.id] = Campaign(statement, index)


def _amend(facts: Facts, statement: CampaignAmended, index: int) -> None:
    campaign = facts.campaigns[statement.campaign]
    campaign.versions.append(Version.amended(campaign.versions[-1], statement, index))


def _close(facts: Facts, statement: CampaignClosed, index: int) -> None:
    facts.campaigns[statement.campaign].closed = True


def _pause(facts: Facts, statement: CampaignPaused, index: int) -> None:
    campaign = facts.campaigns[statement.campaign]
    campaign.paused = True
    campaign.pauses += 1


def _resume(facts: Facts, statement: CampaignResumed, index: int) -> None:
    campaign = facts.campaigns[statement.campaign]
    campaign.paused = campaign.piloting = False


def _fund(facts: Facts, statement: CampaignFunded, index: int) -> None:
    facts.campaigns[statement.campaign].funds_block = statement.block


def _link(facts: Facts, statement: WalletLinked, index: int) -> None:
    at_ms = time_ms(statement.at)
    previous = facts.wallet_in_force(statement.contributor, at_ms)
    may_object = previous is not None and statement.consent is None
    in_force = at_ms + facts.wallet_delay_ms
    facts.links[statement.contributor] = Link(index, at_ms, statement.address, in_force, index, previous, may_object)


def _object(facts: Facts, statement: WalletObjected, index: int) -> None:
    link = facts.links[statement.contributor]
    link.may_object = False
    link.in_force_after_ms += facts.wallet_delay_ms
    link.set_by = index


def _add_task(facts: Facts, statement: TaskAdded, index: int) -> None:
    facts.tasks[intern(statement.id)] = facts.campaigns[statement.campaign].opened.id


def _rate(facts: Facts, statement: FeedbackGiven, index: int) -> None:
    facts.ratings[statement.id] = statement.campaign
    facts.feedback.add((statement.contributor, statement.subject))


def _notify(facts: Facts, statement: CampaignNotice, index: int) -> None:
    facts.notices.add(statement.id)


def _publish(facts: Facts, statement: ResultPublished, index: int) -> None:
    facts.results[statement.id] = statement.campaign


def _erase(facts: Facts, statement: ContentErased, index: int) -> None:
    facts.erased.add((statement.purpose, statement.subject))


def _mandate(facts: Facts, statement: AuditorMandated, index: int) -> None:
    facts.mandates[statement.id] = statement


def _register(facts: Facts, statement: PlatformRegistered, index: int) -> None:
    facts.platforms.add(statement.id)


def _open_log(facts: Facts, statement: LogOpened, index: int) -> None:
    facts.origin = statement.origin
    facts.log_keys.append((index, statement.key))
    facts.wallet_delay_ms = statement.wallet_delay * 1000


def _rotate(facts: Facts, statement: LogKeyRotated, index: int) -> None:
    facts.log_keys.append((index, statement.key))


_EFFECTS: dict[type, Callable[[Facts, Any, int], None]] = {
    ReviewGiven: _review,
    AppealFiled: _file,
    AppealResolved: _resolve,
    ContributionWithdrawn: _withdraw,
    ContributionRevealed: _reveal,
    CampaignOpened: _open_campaign,
    CampaignAmended: _amend,
    CampaignClosed: _close,
    CampaignPaused: _pause,
    CampaignResumed: _resume,
    CampaignFunded: _fund,
    CampaignNotice: _notify,
    WalletLinked: _link,
    WalletObjected: _object,
    TaskAdded: _add_task,
    FeedbackGiven: _rate,
    ResultPublished: _publish,
    ContentErased: _erase,
    AuditorMandated: _mandate,
    PlatformRegistered: _register,
    LogOpened: _open_log,
    LogKeyRotated: _rotate,
}
