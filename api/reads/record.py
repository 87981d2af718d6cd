"""How a campaign went: its decisions over time, and what each of its contributors has earned so far."""

from __future__ import annotations

import asyncio
import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, select

from api.reads import Reads
from api.reads.money import units
from api.reads.standing import COUNTS, Group, standing
from ledger.book.campaigns import Campaign
from ledger.db.tables import contributions, decisions
from ledger.statements.values import format_time, time_ms
from ledger.wire.record import ContributorReward, Stretch

MAX_STRETCHES: Final = 40
_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_LENGTHS: Final = (60, 600, _HOUR, 6 * _HOUR, _DAY, 7 * _DAY, 28 * _DAY)
"""Lengths of a stretch, in seconds; longer ones are multiples of the last."""
_SORTED: Final = 1_000
"""Earners that are sorted in one go: a millisecond or two."""


@dataclass(frozen=True, slots=True)
class Course:
    """Decisions over time, in stretches of ``seconds``."""

    seconds: int
    stretches: list[Stretch]


@dataclass(slots=True)
class Earner:
    """What one contributor (public id) has earned in a campaign so far, in base units, and with how much work."""

    contributor: str
    contributions: int = 0
    accepted: int = 0
    earned: int = 0

    def add(self, campaign: Campaign, group: Group) -> None:
        """Some more of their contributions, which stand alike."""
        self.contributions += group.number
        if group.state in COUNTS:
            self.accepted += group.number
            self.earned += units(campaign.versions, group)

    def place(self) -> tuple[int, int, str]:
        """Who earned most comes first."""
        return -self.earned, -self.accepted, self.contributor

    def line(self) -> ContributorReward:
        """As replies have it."""
        return ContributorReward(
            contributor=self.contributor,
            contributions=self.contributions,
            accepted=self.accepted,
            earned=str(self.earned),
        )


async def course(reads: Reads, campaign: Campaign) -> Course:
    """The decisions of a campaign by verdict, from its opening to the last one, in at most ``MAX_STRETCHES`` parts."""
    mine = and_(decisions.c.log == contributions.c.log, decisions.c.contribution == contributions.c.id)
    of_campaign = and_(contributions.c.log == reads.log, contributions.c.campaign == campaign.opened.id)
    joined = decisions.join(contributions, mine)
    newest = await reads.one(select(func.max(decisions.c.at_ms).label("at_ms")).select_from(joined).where(of_campaign))
    if newest is None or newest.at_ms is None:
        return Course(_LENGTHS[0], [])
    opened_ms = time_ms(campaign.opened.at)
    seconds = stretch_seconds((newest.at_ms - opened_ms) // 1000)
    length_ms = seconds * 1000
    begin_ms = opened_ms - opened_ms % length_ms
    place = ((decisions.c.at_ms - begin_ms) // length_ms).label("place")
    query = (
        select(place, decisions.c.verdict, func.count().label("number"))
        .select_from(joined)
        .where(of_campaign)
        .group_by(place, decisions.c.verdict)
    )
    counted: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in await reads.all(query):
        counted[int(row.place)][row.verdict] = int(row.number)
    stretches = [
        Stretch(
            begin=format_time(begin_ms + number * length_ms),
            accepted=by.get("accepted", 0),
            rejected=by.get("rejected", 0),
            needs_work=by.get("needs_work", 0),
        )
        for number, by in sorted(counted.items())
    ]
    return Course(seconds, stretches)


def stretch_seconds(span_seconds: int) -> int:
    """The shortest length of which ``MAX_STRETCHES`` cover a span, wherever in a stretch it begins."""
    for length in _LENGTHS:
        if span_seconds // length + 2 <= MAX_STRETCHES:
            return length
    longest = _LENGTHS[-1]
    return longest * (span_seconds // (longest * (MAX_STRETCHES - 2)) + 1)


async def contributors(reads: Reads, campaign: str, most: int) -> int:
    """How many people sent something, counted up to ``most``."""
    query = select(contributions.c.contributor).where(
        contributions.c.log == reads.log, contributions.c.campaign == campaign
    )
    return len(await reads.all(query.distinct().limit(most)))


async def rewards(reads: Reads, campaign: Campaign, now_ms: int, shares: dict[str, int] | None) -> list[Earner]:
    """What every contributor has earned as it stands, the most first; ``shares`` of a campaign that pays once."""
    rows = standing(reads, campaign, now_ms).subquery()
    keys = (rows.c.state, rows.c.verdict, rows.c.version, rows.c.first_version, rows.c.score, rows.c.bonus)
    query = select(rows.c.contributor, *keys, func.count().label("number")).group_by(rows.c.contributor, *keys)
    found: dict[str, Earner] = {}
    async for part in reads.parts(query):
        for row in part:
            number, bonus = int(row.number), int(row.bonus or 0)
            group = Group(row.state, row.verdict, row.version, row.first_version, int(row.score), bonus, number, 0)
            earner = found.get(row.contributor)
            if earner is None:
                earner = found[row.contributor] = Earner(row.contributor, earned=(shares or {}).get(row.contributor, 0))
            earner.add(campaign, group)
    return await asyncio.to_thread(_ranked, list(found.values()))


def _ranked(earners: list[Earner]) -> list[Earner]:
    """The most first. Sorted in parts: a hundred thousand at once would hold everybody else, in a thread as well."""
    parts = [sorted(earners[at : at + _SORTED], key=Earner.place) for at in range(0, len(earners), _SORTED)]
    return list(heapq.merge(*parts, key=Earner.place))
