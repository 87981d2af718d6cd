"""The decided work of a contributor, as reputations and certificates are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, and_, func, select

from api.reads import Reads
from api.reads.people import statements_at
from ledger.book.reputation import Judged
from ledger.db.tables import contributions, decisions
from ledger.statements.decisions import DecisionMade

MAX_DECIDED: Final = 5000
"""Decided contributions that one reply counts: the newest."""


@dataclass(frozen=True, slots=True)
class DecidedWork:
    """What somebody has contributed and what stands on it, oldest first; ``left_out`` were too many."""

    judged: list[Judged]
    left_out: int


async def decided_work(reads: Reads, person: str, campaign: str | None = None) -> DecidedWork:
    """The contributions of a public id on which a verdict stands, in all campaigns or in one."""
    query = _standing(reads, person, campaign)
    count = await reads.one(select(func.count().label("of_all")).select_from(query.subquery()))
    rows = await reads.all(query.order_by(contributions.c.entry_index.desc()).limit(MAX_DECIDED))
    made = await statements_at(reads, [row.decided for row in rows])
    judged: list[Judged] = []
    for row in reversed(rows):
        decision = made[row.decided]
        assert isinstance(decision, DecisionMade)
        found = Judged.of(row.entry_index, row.campaign, row.decided, decision)
        if found is not None:
            judged.append(found)
    assert count is not None
    return DecidedWork(judged, int(count.of_all) - len(rows))


def _standing(reads: Reads, person: str, campaign: str | None) -> Select[Any]:
    """Contributions with the entries of their last decisions; those that ask for a new version are left out."""
    later = decisions.alias()
    last = (
        select(func.max(later.c.entry_index))
        .where(later.c.log == decisions.c.log, later.c.contribution == decisions.c.contribution)
        .correlate(decisions)
        .scalar_subquery()
    )
    query = (
        select(contributions.c.entry_index, contributions.c.campaign, decisions.c.entry_index.label("decided"))
        .join_from(
            contributions,
            decisions,
            and_(decisions.c.log == contributions.c.log, decisions.c.contribution == contributions.c.id),
        )
        .where(
            contributions.c.log == reads.log,
            contributions.c.contributor == person,
            decisions.c.verdict != "needs_work",
            decisions.c.entry_index == last,
        )
    )
    return query if campaign is None else query.where(contributions.c.campaign == campaign)
