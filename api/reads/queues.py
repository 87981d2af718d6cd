"""What waits for a reviewer, without its author and what others said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from api.reads import Reads
from api.reads.standing import latest
from ledger.book.campaigns import Campaign
from ledger.book.rules.decisions import chosen_for_second_look
from ledger.db.tables import appeals, contributions, decisions, reviews

_WINDOW: Final = 500
"""Candidates of each kind that one request looks at, the oldest ones."""
_SCANNED: Final = 5_000
"""Rejections that one request looks at for those that were drawn."""
_URGENT: Final = 4
"""In the last quarter of its time a contribution comes before those that have fewer reviews."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contribution that waits for a judgement until ``deadline_ms``; ``appeal`` is the one it answers."""

    contribution: str
    task: str | None
    appeal: str | None
    reviews: int
    deadline_ms: int
    index: int


async def queue(reads: Reads, campaign: Campaign, reviewer: str | None, now_ms: int, limit: int) -> list[Waiting]:
    """What ``reviewer`` (public id, None for somebody new) may judge next.

    Appeals and what is in the last quarter of its time first, by deadline; then what has the fewest reviews, so that
    reviewers spread; then by deadline.
    """
    window_ms = campaign.decision_ms
    undecided = await _undecided(reads, campaign, reviewer, now_ms)
    appealed = await _appealed(reads, campaign, reviewer, now_ms)

    def order(one: Waiting) -> tuple[int, int, int, int]:
        urgent = one.appeal is not None or one.deadline_ms - now_ms < window_ms // _URGENT
        return (0, 0, one.deadline_ms, one.index) if urgent else (1, one.reviews, one.deadline_ms, one.index)

    return sorted([*undecided, *appealed], key=order)[:limit]


async def second_looks(
    reads: Reads, campaign: Campaign, reviewer: str | None, now_ms: int, after: int | None, limit: int
) -> tuple[list[Waiting], int | None]:
    """Rejections that were drawn, in the order of the log, and where to go on (a decision's entry)."""
    share = campaign.opened.second_looks
    if share is None:
        return [], None
    later, again, appealed = decisions.alias("later"), reviews.alias("again"), appeals.alias("appealed")
    query = (
        select(contributions.c.id, contributions.c.task, decisions.c.id.label("decision"))
        .add_columns(decisions.c.entry_index, decisions.c.at_ms)
        .join_from(decisions, contributions, _on(decisions, contributions))
        .where(
            *latest(reads.log, campaign.opened.id),
            decisions.c.verdict == "rejected",
            decisions.c.supersedes.is_(None),
            decisions.c.at_ms >= now_ms - campaign.appeal_ms,
            decisions.c.entry_index > (after or 0),
            ~exists().where(_on(later, contributions), later.c.entry_index > decisions.c.entry_index),
            ~exists().where(_on(again, contributions), again.c.second_look.is_(True)),
            ~exists().where(_on(appealed, contributions)),
            *_by_another(reviewer),
        )
        .order_by(decisions.c.entry_index)
        .limit(_SCANNED)
    )
    rows = await reads.all(query)
    found: list[Waiting] = []
    for row in rows:
        if len(found) == limit:
            return found, found[-1].index
        if chosen_for_second_look(row.decision, share):
            found.append(Waiting(row.id, row.task, None, 0, row.at_ms + campaign.appeal_ms, row.entry_index))
    return found, rows[-1].entry_index if len(rows) == _SCANNED else None


async def _undecided(reads: Reads, campaign: Campaign, reviewer: str | None, now_ms: int) -> Sequence[Waiting]:
    fixed_ms: int | None = None
    conditions = [*latest(reads.log, campaign.opened.id), *_by_another(reviewer)]
    if campaign.sealed_ms is not None:
        fixed_ms = campaign.reveal_ms + campaign.decision_ms
        if now_ms > fixed_ms:
            return []
        conditions.append(contributions.c.revealed.is_not(None))
    else:
        conditions.append(contributions.c.at_ms >= now_ms - campaign.decision_ms)
    made = decisions.alias("made")
    conditions.append(~exists().where(_on(made, contributions)))
    given = select(func.count()).where(_on(reviews, contributions)).correlate(contributions).scalar_subquery()
    if campaign.opened.judging is not None:
        conditions.append(given < campaign.opened.judging.judges)
    query: Select[Any] = select(contributions, given.label("reviews")).where(*conditions)
    rows = await reads.all(query.order_by(contributions.c.entry_index).limit(_WINDOW))
    return [
        Waiting(row.id, row.task, None, row.reviews, fixed_ms or row.at_ms + campaign.decision_ms, row.entry_index)
        for row in rows
    ]


async def _appealed(reads: Reads, campaign: Campaign, reviewer: str | None, now_ms: int) -> Sequence[Waiting]:
    later = decisions.alias("later")
    query = (
        select(contributions.c.id, contributions.c.task, appeals.c.id.label("appeal"), appeals.c.at_ms)
        .add_columns(appeals.c.entry_index)
        .join_from(contributions, appeals, _on(appeals, contributions))
        .join(decisions, and_(decisions.c.log == appeals.c.log, decisions.c.id == appeals.c.decision))
        .where(
            *latest(reads.log, campaign.opened.id),
            *_by_another(reviewer),
            appeals.c.resolved.is_(None),
            appeals.c.at_ms >= now_ms - campaign.resolution_ms,
            ~exists().where(_on(later, contributions), later.c.entry_index > decisions.c.entry_index),
        )
        .order_by(appeals.c.entry_index)
        .limit(_WINDOW)
    )
    rows = await reads.all(query)
    return [
        Waiting(row.id, row.task, row.appeal, 0, row.at_ms + campaign.resolution_ms, row.entry_index) for row in rows
    ]


def _by_another(reviewer: str | None) -> list[ColumnElement[bool]]:
    """Neither the author nor one who has judged it already."""
    if reviewer is None:
        return []
    judged = [
        exists().where(_on(mine, contributions), mine.c.reviewer == reviewer)
        for mine in (reviews.alias("my_review"), decisions.alias("my_decision"), appeals.alias("my_resolution"))
    ]
    return [contributions.c.contributor != reviewer, *(~each for each in judged)]


def _on(about: Any, contribution: Any) -> ColumnElement[bool]:
    """That a row is about a contribution."""
    return and_(about.c.log == contribution.c.log, about.c.contribution == contribution.c.id)
