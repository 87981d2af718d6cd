"""The judges of a campaign: what they did, how far they agree, and what became of it.

The figures come from decisions, whose statements open the reviews: what is not decided yet stays sealed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from sqlalchemy import and_, func, select

from api.reads import Reads
from api.reads.figures import share
from ledger.consensus import agreement
from ledger.db.tables import contributions, decisions, entries, feedbacks, reviews
from ledger.log.queries import chunks
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import SCORE_ONE, format_score
from ledger.wire.reviews import Agreement

MAX_DECISIONS: Final = 5_000
"""Decisions of which the figures are made, the newest ones."""
MAX_REVIEWERS: Final = 500


@dataclass(slots=True)
class Record:
    """A reviewer's counts. ``equal`` of ``pairs`` other judges' verdicts on the same work equal theirs."""

    decisions: int = 0
    overturned: int = 0
    pairs: int = 0
    equal: int = 0
    scores: list[int] = field(default_factory=list)
    """Ratings that contributors gave their decisions, in millionths."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions of a campaign, oldest first, and who gave each review that they open."""

    made: list[DecisionMade]
    by: dict[str, str]
    at_ms: dict[str, int]
    """When each review was given."""
    complete: bool


async def decided(reads: Reads, campaign: str) -> Decided:
    """The newest decisions of a campaign with the reviewers of the reviews that they are made of."""
    query = (
        select(entries.c.statement)
        .join_from(
            contributions,
            decisions,
            and_(decisions.c.log == contributions.c.log, decisions.c.contribution == contributions.c.id),
        )
        .join(entries, and_(entries.c.log == decisions.c.log, entries.c.entry_index == decisions.c.entry_index))
        .where(contributions.c.log == reads.log, contributions.c.campaign == campaign)
        .order_by(decisions.c.entry_index.desc())
        .limit(MAX_DECISIONS + 1)
    )
    made: list[DecisionMade] = []
    async for rows in reads.parts(query):
        for row in rows:
            statement = kinds.parse(bytes(row.statement))
            assert isinstance(statement, DecisionMade)
            made.append(statement)
    complete = len(made) <= MAX_DECISIONS
    made = made[:MAX_DECISIONS][::-1]
    by: dict[str, str] = {}
    at_ms: dict[str, int] = {}
    for part in chunks([opened.review for one in made for opened in one.reviews or ()]):
        for row in await reads.all(select(reviews).where(reviews.c.log == reads.log, reviews.c.id.in_(part))):
            by[row.id], at_ms[row.id] = row.reviewer, row.at_ms
    return Decided(made, by, at_ms, complete)


async def review_counts(reads: Reads, campaign: str) -> dict[str, int]:
    """How many reviews each reviewer (public id) gave, of those who gave most."""
    number = func.count().label("number")
    query = (
        select(reviews.c.reviewer, number)
        .join(contributions, and_(contributions.c.log == reviews.c.log, contributions.c.id == reviews.c.contribution))
        .where(reviews.c.log == reads.log, contributions.c.campaign == campaign)
        .group_by(reviews.c.reviewer)
        .order_by(number.desc(), reviews.c.reviewer)
        .limit(MAX_REVIEWERS)
    )
    return {row.reviewer: int(row.number) for row in await reads.all(query)}


async def rated(reads: Reads, of: Decided) -> dict[str, list[int]]:
    """Contributors' ratings by decision, in millionths."""
    found: dict[str, list[int]] = defaultdict(list)
    for part in chunks([one.id for one in of.made]):
        query = select(feedbacks.c.subject, feedbacks.c.score).where(
            feedbacks.c.log == reads.log, feedbacks.c.about == "decision", feedbacks.c.subject.in_(part)
        )
        for row in await reads.all(query):
            found[row.subject].append(row.score)
    return found


def records(of: Decided, ratings: dict[str, list[int]]) -> dict[str, Record]:
    """By reviewer (public id). A verdict is overturned by another one in an appeal or a second look."""
    found: dict[str, Record] = defaultdict(Record)
    before: dict[str, DecisionMade] = {}
    for one in of.made:
        judges = _judges(one, of)
        old = before.get(one.contribution)
        if old is not None and old.verdict != one.verdict and (one.appeal is not None or one.reviews):
            for who, verdict in _judges(old, of).items():
                found[who].overturned += verdict == old.verdict
        before[one.contribution] = one
        for who in judges:
            found[who].decisions += one.reviewer == who
            found[who].scores += ratings.get(one.id, [])
        counts = Counter(judges.values())
        for who, verdict in judges.items():
            found[who].pairs += len(judges) - 1
            found[who].equal += counts[verdict] - 1
    return dict(found)


def _judges(one: DecisionMade, of: Decided) -> dict[str, str]:
    """Who stands behind a decision, and what each of them said."""
    if one.reviews:
        return {of.by[opened.review]: opened.verdict for opened in one.reviews if opened.review in of.by}
    return {} if one.reviewer is None else {one.reviewer: one.verdict}


def agreement_of(of: Decided) -> Agreement:
    """Krippendorff's alpha and plain agreement over the contributions that several judged."""
    verdicts: dict[str, dict[str, str]] = {}
    scores: dict[str, dict[str, str]] = {}
    for one in of.made:
        known = [opened for opened in one.reviews or () if opened.review in of.by]
        if len(known) > 1:
            verdicts[one.id] = {of.by[opened.review]: opened.verdict for opened in known}
            scores[one.id] = {of.by[opened.review]: opened.score for opened in known}
    return Agreement(
        contributions=len(verdicts),
        reviews=sum(map(len, verdicts.values())),
        alpha_verdicts=_decimal(agreement.krippendorff_alpha(verdicts)),
        alpha_scores=_decimal(agreement.krippendorff_alpha(scores, "interval")),
        equal=_decimal(agreement.percent_agreement(verdicts)),
    )


def mean(scores: Sequence[int]) -> str | None:
    """The mean of scores in millionths, rounded down; None of nothing."""
    return format_score(sum(scores) // len(scores)) if scores else None


def agreed(record: Record) -> str | None:
    """The share of other judges' verdicts that equal this one's."""
    return share(record.equal, record.pairs)


def named(counts: dict[str, int], found: Iterable[str]) -> list[str]:
    """Everybody with a figure, at most ``MAX_REVIEWERS``, who judged most first."""
    return sorted({*counts, *found}, key=lambda who: (-counts.get(who, 0), who))[:MAX_REVIEWERS]


def _decimal(value: Fraction | None) -> str | None:
    """A number in [-1, 1] with six digits, rounded towards zero."""
    if value is None:
        return None
    millionths = int(abs(value) * SCORE_ONE)
    text = format_score(min(millionths, SCORE_ONE))
    return f"-{text}" if value < 0 and millionths else text
