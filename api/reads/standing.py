"""How every contribution of a campaign stands now: what the book's rules make of the rows, as one query.

``accepted``: the standing decision accepts. ``default``: the declared default accepted it with score 1. ``open``: it
may still be accepted, with score 1 at most. ``nothing``: it earns nothing as it stands. Versions that were replaced
and what was withdrawn are left out. The conditions are those of ``ledger.book.contributions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, literal, or_, select

from api.reads import Reads
from ledger.book.campaigns import Campaign
from ledger.db.tables import amendments, appeals, contributions, decisions, reviews
from ledger.statements.values import SCORE_ONE

ACCEPTED, DEFAULT, OPEN, NOTHING = "accepted", "default", "open", "nothing"
COUNTS = (ACCEPTED, DEFAULT)
"""The states in which a contribution stands as accepted."""

_first = contributions.alias("first_version")
_standing = decisions.alias("standing")
_open_appeal = appeals.alias("open_appeal")


def latest(log: str, campaign: str) -> list[ColumnElement[bool]]:
    """The conditions of rows of ``contributions`` that count: latest versions that were not withdrawn."""
    newer = contributions.alias("newer")
    return [
        contributions.c.log == log,
        contributions.c.campaign == campaign,
        contributions.c.withdrawn.is_(None),
        ~exists().where(newer.c.log == contributions.c.log, newer.c.replaces == contributions.c.id),
    ]


def standing(reads: Reads, campaign: Campaign, now_ms: int) -> Select[Any]:
    """One row a contribution: id, entry_index, contributor, task, at_ms, state, score, bonus, decision and versions.

    ``score`` is in millionths and what counts in its state; ``version`` and ``first_version`` are places in the book's
    ``versions``; ``decision`` and ``verdict`` are those that stand, None where nobody decided.
    """
    later = decisions.alias("later")
    # Of the decisions on a contribution the one without a later one: databases find those all at once, and the newest
    # of each contribution one by one.
    overtaken = exists().where(
        later.c.log == contributions.c.log,
        later.c.contribution == contributions.c.id,
        later.c.entry_index > _standing.c.entry_index,
    )
    state = _state(campaign, now_ms)
    joined: FromClause = contributions
    if len(campaign.versions) > 1:  # else it does not matter what held when the first version came
        same = and_(_first.c.log == contributions.c.log, _first.c.id == contributions.c.first)
        joined = joined.join(_first, same)
    joined = joined.outerjoin(
        _standing,
        and_(
            _standing.c.log == contributions.c.log,
            _standing.c.contribution == contributions.c.id,
        ),
    ).outerjoin(
        _open_appeal,
        and_(
            _open_appeal.c.log == contributions.c.log,
            _open_appeal.c.contribution == contributions.c.id,
            _open_appeal.c.resolved.is_(None),
            # an appeal that a reopening decision has overtaken is over
            or_(_open_appeal.c.decision == _standing.c.id, _standing.c.appeal == _open_appeal.c.id),
        ),
    )
    return (
        select(
            contributions.c.id,
            contributions.c.entry_index,
            contributions.c.contributor,
            contributions.c.task,
            contributions.c.at_ms,
            _version(campaign, contributions.c.entry_index).label("version"),
            _version(campaign, _first.c.entry_index).label("first_version"),
            _standing.c.id.label("decision"),
            _standing.c.entry_index.label("decided_index"),
            _standing.c.verdict,
            case((state == ACCEPTED, _standing.c.score), else_=SCORE_ONE).label("score"),
            case((_standing.c.verdict == "accepted", _standing.c.bonus)).label("bonus"),
            state.label("state"),
        )
        .select_from(joined)
        .where(*latest(reads.log, campaign.opened.id), ~overtaken.correlate(contributions, _standing))
    )


@dataclass(frozen=True, slots=True)
class Group:
    """How many contributions stand alike, and how many reviews were given on them (0 where nobody judges)."""

    state: str
    verdict: str | None
    version: int
    first_version: int
    score: int
    bonus: int
    number: int
    reviews: int


async def groups(reads: Reads, campaign: Campaign, now_ms: int) -> list[Group]:
    """All contributions of a campaign by how they stand: as many groups as there are different scores and bonuses."""
    rows = standing(reads, campaign, now_ms).subquery()
    given: ColumnElement[int] = literal(0)
    if campaign.opened.judging is not None:
        on_it = select(func.count()).where(reviews.c.log == reads.log, reviews.c.contribution == rows.c.id)
        given = on_it.correlate(rows).scalar_subquery()
    keys = (rows.c.state, rows.c.verdict, rows.c.version, rows.c.first_version, rows.c.score, rows.c.bonus)
    each = select(*keys, given.label("given")).select_from(rows).subquery()
    grouped = [each.c[key.name] for key in keys]
    query = select(*grouped, func.count().label("number"), func.sum(each.c.given).label("given")).group_by(*grouped)
    return [
        Group(
            row.state,
            row.verdict,
            row.version,
            row.first_version,
            int(row.score),
            int(row.bonus or 0),
            int(row.number),
            int(row.given),
        )
        for row in await reads.all(query)
    ]


def _state(campaign: Campaign, now_ms: int) -> ColumnElement[str]:
    """In the order of ``ledger.book.contributions.outcome`` and ``due_ms``."""
    opened = campaign.opened
    accepts = literal(DEFAULT if opened.decision_default == "accepted" else NOTHING)
    whens: list[tuple[ColumnElement[bool], Any]] = []
    if campaign.sealed_ms is None:
        undecided_passed: ColumnElement[bool] = contributions.c.at_ms < now_ms - campaign.decision_ms
    else:
        hidden = contributions.c.revealed.is_(None)
        whens.append((hidden, literal(NOTHING if now_ms > campaign.reveal_ms else OPEN)))
        undecided_passed = literal(now_ms > campaign.reveal_ms + campaign.decision_ms)
    appeal_passed = _open_appeal.c.at_ms < now_ms - campaign.resolution_ms
    if opened.appeal_default == "accepted":
        whens.append((and_(_open_appeal.c.id.is_not(None), appeal_passed), literal(DEFAULT)))
    whens.append((and_(_open_appeal.c.id.is_not(None), ~appeal_passed), literal(OPEN)))
    work_passed = _standing.c.at_ms < now_ms - max(campaign.appeal_ms, campaign.revision_ms)
    whens += [
        (and_(_standing.c.id.is_(None), undecided_passed), accepts),
        (_standing.c.id.is_(None), literal(OPEN)),
        (_standing.c.verdict == "accepted", literal(ACCEPTED)),
        (and_(_standing.c.verdict == "needs_work", ~work_passed), literal(OPEN)),
    ]
    return case(*whens, else_=literal(NOTHING))


def _version(campaign: Campaign, index: ColumnElement[int]) -> ColumnElement[int]:
    """The place in the campaign's versions of what held at an entry: as many amendments came before it."""
    if len(campaign.versions) == 1:
        return literal(0)
    before = amendments.alias()
    return (
        select(func.count())
        .select_from(before)
        .where(
            before.c.log == contributions.c.log,
            before.c.campaign == campaign.opened.id,
            before.c.entry_index < index,
        )
        .correlate(contributions, _first)
        .scalar_subquery()
    )
