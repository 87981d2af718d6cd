"""Runs: contributions, or decisions, one after the other at one moment, of which no rule has more to say than of most.

Nearly all entries of a busy log are such, and go quicker together than one by one, column by column. Statements are
*plain* if they pass ``rules.contributions.check_submission`` or ``rules.decisions.check_decision`` without any of the
checks that those keep for what is rarer. What can be seen of that in the statements alone, anybody may look at before
they are folded (``plain_run``). A run is taken whole if all of it is plain, with the effects of ``Facts.submit`` or
``Facts.decide``, or not at all: then each of its statements goes the ordinary way, which alone says what is wrong. The
tests hold both equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from sys import intern
from typing import cast

from ledger.book.campaigns import Campaign
from ledger.book.contributions import NO_HISTORY, Contribution, Decision, due_ms
from ledger.book.facts import Facts, Record
from ledger.book.rules.decisions import SECOND_LOOK
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, Verdict
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import score_millionths


@dataclass(slots=True)
class SubmittedRun:
    """Contributions of one moment to one campaign under the same terms: new ones, which no wallet signed."""

    at: str
    campaign: str
    terms: str
    ids: list[str]
    contributors: list[str]
    tasks: list[str | None]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class DecidedRun:
    """Decisions of one moment that accept, or reject with feedback, and say nothing of reviewers, appeals or money."""

    at: str
    ids: list[str]
    contributions: list[str]
    verdicts: list[Verdict]
    scores: list[str]

    def __len__(self) -> int:
        return len(self.ids)


PlainRun = SubmittedRun | DecidedRun


def plain_run(run: Sequence[AnyStatement]) -> PlainRun | None:
    """Statements of one kind and one time as a run; None where one is not plain, by itself or beside the others."""
    if type(run[0]) is ContributionSubmitted:
        return _plain_submissions(cast("Sequence[ContributionSubmitted]", run))
    if type(run[0]) is DecisionMade:
        return _plain_decisions(cast("Sequence[DecisionMade]", run))
    return None


def _plain_submissions(run: Sequence[ContributionSubmitted]) -> SubmittedRun | None:
    campaign, terms = run[0].campaign, run[0].terms
    for each in run:
        if each.campaign != campaign or each.terms != terms or each.replaces is not None or each.signature is not None:
            return None
    ids, contributors = [each.id for each in run], [each.contributor for each in run]
    return SubmittedRun(run[0].at, campaign, terms, ids, contributors, [each.task for each in run])


def _plain_decisions(run: Sequence[DecisionMade]) -> DecidedRun | None:
    for each in run:
        if (
            (each.verdict != "accepted" and (each.verdict != "rejected" or each.feedback is None))
            or each.reviewer is not None
            or each.supersedes is not None
            or each.appeal is not None
            or each.reviews is not None
            or each.bonus is not None
            or each.signature is not None
            or each.method.name == SECOND_LOOK
        ):
            return None
    ids, contributions = [each.id for each in run], [each.contribution for each in run]
    return DecidedRun(run[0].at, ids, contributions, [each.verdict for each in run], [each.score for each in run])


def submit_run(run: SubmittedRun, at_ms: int, begin: int, facts: Facts) -> tuple[Campaign, list[Contribution]] | None:
    """Take contributions as the entries from ``begin`` on; None, and nothing done, if one is not plain.

    They wait for their first deadline, which is the same for all.
    """
    campaign = facts.campaigns.get(run.campaign)
    if campaign is None or run.terms != campaign.versions[-1].terms or not _takes_all(campaign, at_ms):
        return None
    id_, platform = campaign.opened.id, campaign.opened.platform
    platforms, tasks = facts.contributors, facts.tasks
    for who, task in zip(run.contributors, run.tasks, strict=True):
        if (task is not None and tasks.get(task) != id_) or platforms.get(who, platform) != platform:
            return None
    ids = run.ids
    if not _are_new(ids, facts.contributions):
        return None
    version = campaign.version_at(begin)
    made = [
        Contribution(each, index, at_ms, id_, who, task and intern(task), version, waits_since=index)
        for index, (each, who, task) in enumerate(zip(ids, run.contributors, run.tasks, strict=True), begin)
    ]
    facts.contributions.update(zip(ids, made, strict=True))
    for who in campaign.count_all(run.contributors):
        if who not in facts.authors:
            facts.contributors.setdefault(who, platform)
            facts.authors[who] = ""
    return campaign, made


def decide_run(run: DecidedRun, at_ms: int, begin: int, facts: Facts) -> list[Contribution] | None:
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
    columns = zip(run.ids, run.verdicts, run.scores, found, strict=True)
    for index, (id_, verdict, score, contribution) in enumerate(columns, begin):
        who = contribution.contributor
        decisions[id_] = contribution.id
        said: Verdict = "accepted" if verdict == "accepted" else "rejected"  # one text, wherever this one came from
        contribution.decision = Decision(id_, index, at_ms, said, score_millionths(score), 0, False, None)
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


def _undecided(run: DecidedRun, facts: Facts) -> list[Contribution] | None:
    """The contributions of one campaign that decisions are the first on; None if one is not plain."""
    found: list[Contribution] = []
    known = facts.contributions.get
    campaign = None
    for each in run.contributions:
        contribution = known(each)
        if (
            contribution is None
            or contribution.decision is not None
            or contribution.history is not NO_HISTORY
            or (contribution.campaign != campaign and campaign is not None)
        ):
            return None
        campaign = contribution.campaign
        found.append(contribution)
    once = len(set(run.contributions)) == len(found)
    return found if once and _are_new(run.ids, facts.decisions) else None


def _are_new(ids: Sequence[str], known: dict[str, Contribution] | dict[str, str]) -> bool:
    """Whether no id is there yet, nor twice among them."""
    once = set(ids)
    return len(once) == len(ids) and known.keys().isdisjoint(once)
