"""Runs: contributions, or decisions, one after the other at one moment, of which no rule has more to say than of most.

Nearly all entries of a busy log are such, and go quicker together than one by one. A statement is *plain* if it passes
``rules.contributions.check_submission`` or ``rules.decisions.check_decision`` without any of the checks that those keep
for what is rarer. A run is taken whole if all of it is plain, with the effects of ``Facts.submit`` or ``Facts.decide``,
or not at all: then each of its statements goes the ordinary way, which alone says what is wrong. The tests hold both
equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, Decision, due_ms
from ledger.book.facts import Facts, Record
from ledger.book.rules.decisions import SECOND_LOOK
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import score_millionths


def submit_run(
    run: Sequence[ContributionSubmitted], at_ms: int, begin: int, facts: Facts
) -> tuple[Campaign, list[Contribution]] | None:
    """Take contributions to one campaign as the entries from ``begin`` on; None, and nothing done, if one is not plain.

    They wait for their first deadline, which is the same for all.
    """
    campaign = facts.campaigns.get(run[0].campaign)
    if campaign is None or not _takes_all(campaign, at_ms):
        return None
    id_, platform, terms = campaign.opened.id, campaign.opened.platform, campaign.versions[-1].terms
    platforms, tasks = facts.contributors, facts.tasks
    for each in run:
        if (
            each.campaign != id_
            or each.terms != terms
            or each.replaces is not None
            or each.signature is not None
            or (each.task is not None and tasks.get(each.task) != id_)
            or platforms.get(each.contributor, platform) != platform
        ):
            return None
    ids = [each.id for each in run]
    if not _are_new(ids, facts.contributions):
        return None
    version = campaign.version_at(begin)
    made = [
        Contribution(each.id, index, at_ms, id_, each.contributor, each.task, version, version, waits_since=index)
        for index, each in enumerate(run, begin)
    ]
    facts.contributions.update(zip(ids, made, strict=True))
    for who in campaign.count_all([each.contributor for each in run]):
        if who not in facts.authors:
            facts.contributors.setdefault(who, platform)
            facts.authors[who] = ""
    return campaign, made


def decide_run(run: Sequence[DecisionMade], at_ms: int, begin: int, facts: Facts) -> list[Contribution] | None:
    """Take first decisions in one campaign as the entries from ``begin`` on; None, and nothing done, as above.

    Returns what they decide, which waits for its next deadline: the same for all.
    """
    found = _undecided(run, facts)
    if found is None:
        return None
    campaign = facts.campaigns[found[0].campaign]
    if campaign.sealed_ms is not None or campaign.opened.judging is not None:
        return None
    if at_ms > due_ms(min(found, key=attrgetter("at_ms")), campaign):  # the oldest is due first
        return None
    decisions, records = facts.decisions, facts.records
    for index, (each, contribution) in enumerate(zip(run, found, strict=True), begin):
        id_, verdict, who = each.id, each.verdict, contribution.contributor
        decisions[id_] = contribution.id
        contribution.decision = Decision(id_, index, at_ms, verdict, score_millionths(each.score), 0, False, None)
        contribution.waits_since = index
        record = records.get(who)
        if record is None:
            record = records[who] = Record()
        record.decided += 1
        if verdict == "accepted":
            record.accepted += 1
    return found


def _takes_all(campaign: Campaign, at_ms: int) -> bool:
    """Whether a campaign is open to everybody without limits."""
    return not (
        campaign.closed
        or campaign.paused
        or campaign.piloting
        or at_ms > campaign.last_submission_ms
        or campaign.opened.limits is not None
        or campaign.opened.requires is not None
    )


def _undecided(run: Sequence[DecisionMade], facts: Facts) -> list[Contribution] | None:
    """The contributions of one campaign that decisions are the first on; None if one is not plain."""
    found: list[Contribution] = []
    known = facts.contributions.get
    campaign = None
    for each in run:
        contribution = known(each.contribution)
        if (
            contribution is None
            or contribution.decision is not None
            or contribution.replaced_by is not None
            or contribution.withdrawn
            or (contribution.campaign != campaign and campaign is not None)
            or (each.verdict != "accepted" and (each.verdict != "rejected" or each.feedback is None))
            or each.reviewer is not None
            or each.supersedes is not None
            or each.appeal is not None
            or each.reviews is not None
            or each.bonus is not None
            or each.method.name == SECOND_LOOK
        ):
            return None
        campaign = contribution.campaign
        found.append(contribution)
    ids = [each.id for each in run]
    once = len({contribution.id for contribution in found}) == len(found)
    return found if once and _are_new(ids, facts.decisions) else None


def _are_new(ids: Sequence[str], known: dict[str, Contribution] | dict[str, str]) -> bool:
    """Whether no id is there yet, nor twice among them."""
    once = set(ids)
    return len(once) == len(ids) and known.keys().isdisjoint(once)
