"""What a log commits to: the commitments of some subjects, found in one more pass over its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypedDict

from ledger.audit.mirror import read_entries
from ledger.audit.replay import Replay
from ledger.audit.source import Source
from ledger.book.facts import Facts
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import TaskAdded
from ledger.statements.contents import Purpose
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, OpenedReview, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.kinds import AnyStatement
from ledger.statements.results import ResultPublished

Subject = tuple[Purpose, str]
"""Purpose, and the id of what carries the commitment."""
_MEMBERS: Final = ("task", "contributor", "subject")
"""Members of a preimage that are absent where nothing is said of them."""


class _About(TypedDict):
    """Members of the place of what is said about a contribution."""

    campaign: str
    contributor: str | None
    subject: str


@dataclass(frozen=True, slots=True)
class Committed:
    """A commitment in the log. ``place`` are the members that its preimage must have (FORMATS, Commitment)."""

    entry: int
    purpose: Purpose
    subject: str
    commitment: str
    place: dict[str, str | None]


@dataclass(slots=True)
class Found:
    """What a pass found. ``decisions`` are those that a method made of committed inputs, by (entry, statement)."""

    committed: dict[Subject, Committed] = field(default_factory=dict)
    decisions: list[tuple[int, DecisionMade]] = field(default_factory=list)
    results: list[tuple[int, ResultPublished]] = field(default_factory=list)
    unfounded: int = 0
    """Decisions by a method that commit to no inputs."""
    reviews: dict[str, tuple[int, OpenedReview]] = field(default_factory=dict)
    """By review: the entry of the decision that opens it, and what that says it said."""


def find(source: Source, replay: Replay, wanted: Callable[[Purpose, str], bool]) -> Found:
    """Read the log once more; statements without effect are left out. Raises what the source raises."""
    useless = {finding.index for finding in replay.book.findings}
    found = Found()
    index = 0
    for begin, entries in read_entries(source, 0, replay.size):
        for index, data in enumerate(entries, begin):
            if index in useless:
                continue
            try:
                statement = kinds.parse(data)
            except FormatError:
                continue
            _take(found, statement, index)
            for each in _commitments(replay, statement, index):
                if wanted(each.purpose, each.subject):
                    found.committed[each.purpose, each.subject] = each
    return found


def _take(found: Found, statement: AnyStatement, index: int) -> None:
    match statement:
        case DecisionMade():
            if statement.method.inputs is not None:
                found.decisions.append((index, statement))
            elif statement.method.type != "human":
                found.unfounded += 1
            for review in statement.reviews or ():
                found.reviews[review.review] = index, review
        case ResultPublished():
            found.results.append((index, statement))
        case _:
            pass


def _commitments(replay: Replay, statement: AnyStatement, index: int) -> Iterator[Committed]:
    facts = replay.book.facts

    def made(
        purpose: Purpose, carrier: str, commitment: str | None, campaign: str, **more: str | None
    ) -> list[Committed]:
        if commitment is None:
            return []
        place = dict.fromkeys(_MEMBERS) | {"purpose": purpose, "log": facts.origin, "campaign": campaign} | more
        return [Committed(index, purpose, carrier, commitment, place)]

    match statement:
        case TaskAdded():
            yield from made("task", statement.id, statement.commitment, statement.campaign, task=statement.id)
        case ContributionSubmitted():
            whose = {"task": statement.task, "contributor": statement.contributor}
            yield from made("contribution", statement.id, statement.commitment, statement.campaign, **whose)
        case ReviewGiven():
            judged = _judged(facts, statement.contribution, statement.reviewer)
            yield from made("feedback", statement.id, statement.commitment, **judged)
        case DecisionMade():
            judged = _judged(facts, statement.contribution, statement.reviewer)
            yield from made("feedback", statement.id, statement.feedback, **judged)
            given = _judged(facts, statement.contribution, None)
            yield from made("inputs", statement.id, statement.method.inputs, **given)
        case AppealFiled():
            author = facts.contributions[statement.contribution].contributor
            yield from made("appeal", statement.id, statement.grounds, **_judged(facts, statement.contribution, author))
        case AppealResolved():
            judged = _judged(facts, facts.appeals[statement.appeal], statement.reviewer)
            yield from made("feedback", statement.appeal, statement.reason, **judged)
        case FeedbackGiven():
            rated = {"contributor": statement.contributor, "subject": statement.subject}
            yield from made("feedback", statement.id, statement.words, statement.campaign, **rated)
        case ResultPublished():
            published = {"contributor": None, "subject": statement.id}
            yield from made("result", statement.id, statement.commitment, statement.campaign, **published)
        case _:
            pass


def _judged(facts: Facts, contribution: str, contributor: str | None) -> _About:
    """The place of what somebody says about a contribution: a copy made for another one, or by another, is none."""
    campaign = facts.contributions[contribution].campaign
    return {"campaign": campaign, "contributor": contributor, "subject": contribution}
