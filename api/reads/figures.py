"""How people who worked for a campaign fared: acceptance, appeals, times, second looks, ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from api.reads import Reads
from api.reads.standing import COUNTS, Group
from ledger.book.campaigns import Campaign
from ledger.book.rules.decisions import SECOND_LOOK
from ledger.db.tables import appeals, contributions, decisions, entries, feedbacks, reviews
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import SCORE_ONE, format_score
from ledger.wire.figures import Acceptance, Appeals, Rating, SecondLooks

MAX_SECOND_LOOKS = 2_000
"""Second looks of which the outcome is read; the newest ones."""


def share(part: int, whole: int) -> str | None:
    """A share with six digits, rounded down; None of nothing."""
    return format_score(part * SCORE_ONE // whole) if whole else None


def acceptance(stand: Sequence[Group]) -> Acceptance:
    """Contributions by how they stand: decided are those that a decision or a passed deadline has settled."""
    accepted = sum(group.number for group in stand if group.state in COUNTS)
    judged = sum(group.number for group in stand if group.state in COUNTS or group.verdict not in (None, "needs_work"))
    total = sum(group.number for group in stand)
    return Acceptance(contributions=total, decided=judged, accepted=accepted, share=share(accepted, judged))


async def appeal_figures(reads: Reads, campaign: Campaign, now_ms: int) -> Appeals:
    """The campaign's appeals and what became of them."""
    unresolved = appeals.c.resolved.is_(None)
    joined = _of_campaign(appeals, reads, campaign)
    counts = await reads.one(
        joined.with_only_columns(
            func.count().label("filed"),
            func.count(appeals.c.resolved).label("resolved"),
            func.count(case((appeals.c.outcome != appeals.c.decision, 1))).label("overturned"),
            func.count(case((and_(unresolved, appeals.c.at_ms < now_ms - campaign.resolution_ms), 1))).label("late"),
        )
    )
    assert counts is not None
    took = appeals.c.resolved_ms - appeals.c.at_ms
    return Appeals(
        filed=counts.filed,
        resolved=counts.resolved,
        overturned=counts.overturned,
        by_default=counts.late,
        median_seconds=await _median_seconds(reads, joined.where(~unresolved), took, counts.resolved),
    )


async def decision_seconds(reads: Reads, campaign: Campaign) -> int | None:
    """The median time from a submission to its first decision (from ``reveal_until`` where entries are sealed)."""
    first = _of_campaign(decisions, reads, campaign).where(decisions.c.supersedes.is_(None))
    count = await reads.one(first.with_only_columns(func.count()))
    begin: Any = contributions.c.at_ms if campaign.sealed_ms is None else campaign.reveal_ms
    return await _median_seconds(reads, first, decisions.c.at_ms - begin, int(count[0]) if count else 0)


async def second_looks(reads: Reads, campaign: Campaign) -> SecondLooks:
    """Second looks, and how many of them (the newest ``MAX_SECOND_LOOKS``) ended in an acceptance."""
    taken = _of_campaign(reviews, reads, campaign).where(reviews.c.second_look.is_(True))
    count = await reads.one(taken.with_only_columns(func.count()))
    number = int(count[0]) if count else 0
    if number == 0:
        return SecondLooks(taken=0, overturned=0, share=None)
    made = (
        taken.with_only_columns(entries.c.statement)
        .join(
            decisions,
            and_(
                decisions.c.log == reviews.c.log,
                decisions.c.contribution == reviews.c.contribution,
                decisions.c.entry_index > reviews.c.entry_index,
                decisions.c.verdict == "accepted",
            ),
        )
        .join(entries, and_(entries.c.log == decisions.c.log, entries.c.entry_index == decisions.c.entry_index))
        .order_by(decisions.c.entry_index.desc())
        .limit(MAX_SECOND_LOOKS)
    )
    overturned = sum(_is_second_look(bytes(row.statement)) for row in await reads.all(made))
    return SecondLooks(taken=number, overturned=overturned, share=share(overturned, number))


def _is_second_look(statement: bytes) -> bool:
    made = kinds.parse(statement)
    return isinstance(made, DecisionMade) and made.method.name == SECOND_LOOK


async def ratings(reads: Reads, campaign: Campaign) -> list[Rating]:
    """What contributors said about the campaign, its tasks and its decisions."""
    query = (
        select(feedbacks.c.about, func.count().label("number"), func.sum(feedbacks.c.score).label("total"))
        .where(feedbacks.c.log == reads.log, feedbacks.c.campaign == campaign.opened.id)
        .group_by(feedbacks.c.about)
        .order_by(feedbacks.c.about)
    )
    return [
        Rating(about=row.about, count=row.number, mean=format_score(int(row.total) // int(row.number)))
        for row in await reads.all(query)
    ]


def _of_campaign(table: Any, reads: Reads, campaign: Campaign) -> Select[Any]:
    """The rows of a table about contributions that are of the campaign; each has its contribution beside it."""
    mine = and_(table.c.log == contributions.c.log, table.c.contribution == contributions.c.id)
    return (
        select(table.c.id)
        .join(contributions, mine)
        .where(contributions.c.log == reads.log, contributions.c.campaign == campaign.opened.id)
    )


async def _median_seconds(reads: Reads, rows: Select[Any], value: ColumnElement[int], count: int) -> int | None:
    """The lower median of a value in milliseconds, as whole seconds."""
    if count == 0:
        return None
    middle = rows.with_only_columns(value.label("value")).order_by(value).limit(1).offset((count - 1) // 2)
    row = await reads.one(middle)
    return None if row is None else max(0, int(row.value)) // 1000
