"""How the log grew and where its money is: a few rows found by indexes, however long the log is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, and_, cast, func, literal, select, union_all

from api.reads import Reads
from api.reads.settlements import Place
from ledger.db.tables import anchors, campaign_funds, campaigns, claims, entries, settlements, transactions
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignOpened

Point = tuple[int, int]
"""A time (Unix ms) and the number of entries then."""
_ROUNDS: Final = 40
"""More than there can be: every round halves what lies between two entries."""
_LIMB_DIGITS: Final = 12
_LIMBS: Final = 7
"""Twelve digits seven times hold an amount of 256 bits; millions of limbs add up to a number of 64 bits."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Money of a pool in base units; ``payable`` is what accounts have of what is awarded."""

    funded: int
    awarded: int
    payable: int
    paid: int


@dataclass(frozen=True, slots=True)
class AnchorAt:
    """An anchor and its time (Unix ms)."""

    at_ms: int
    size: int
    transaction: str


async def growth(reads: Reads, size: int, points: int) -> list[Point]:
    """The log's course from its first entry to its last at ``points`` times of equal distance, or where it is short
    at each of its entries.

    Entries at equal distances are looked at, then in between wherever two of them lie further apart in time than two
    points: a silence ends where it ended.
    """
    if size < 1:
        return []
    known = await _times(reads, {size * place // points for place in range(points)} | {0, size - 1})
    step_ms = max(1, (known[size - 1] - known[0]) // points)
    for _ in range(_ROUNDS):
        wide = {
            (one + other) // 2
            for one, other in pairwise(sorted(known))
            if other - one > 1 and known[other] - known[one] > step_ms
        }
        if not wide:
            break
        known |= await _times(reads, wide)
    course = [(known[index], index + 1) for index in sorted(known)]
    if size <= points:
        return course
    begin, end = course[0][0], course[-1][0]
    return sized(course, [begin + (end - begin) * place // (points - 1) for place in range(points)])


async def _times(reads: Reads, indexes: Iterable[int]) -> dict[int, int]:
    query = select(entries.c.entry_index, entries.c.at_ms).where(
        entries.c.log == reads.log, entries.c.entry_index.in_(sorted(indexes))
    )
    return {int(row.entry_index): int(row.at_ms) for row in await reads.all(query)}


def sized(course: Sequence[Point], times: Sequence[int]) -> list[Point]:
    """The sizes at ``times``, which rise within ``course``; between its points in proportion, rounded down."""
    found = []
    place = 0
    for time in times:
        while place + 1 < len(course) and course[place + 1][0] <= time:
            place += 1
        at, count = course[place]
        if place + 1 < len(course):
            after, more = course[place + 1]
            # Two neighbours in the log have nothing in between: a silence is flat.
            count += (more - count) * (time - at) // (after - at) if more - count > 1 else 0
        found.append((time, count))
    return found


async def anchors_until(reads: Reads, sizes: Sequence[int]) -> list[AnchorAt]:
    """The last anchor that each of ``sizes`` had, in order, each once."""
    if not sizes:
        return []
    lasts = [
        select(func.max(anchors.c.size).label("size")).where(anchors.c.log == reads.log, anchors.c.size <= size)
        for size in sizes
    ]
    found = {int(row.size) for row in await reads.all(select(union_all(*lasts).subquery())) if row.size is not None}
    query = (
        select(anchors.c.size, anchors.c.tx, func.coalesce(transactions.c.at_ms, entries.c.at_ms).label("at_ms"))
        .join(entries, and_(entries.c.log == anchors.c.log, entries.c.entry_index == anchors.c.size - 1))
        .outerjoin(
            transactions,
            and_(
                transactions.c.log == anchors.c.log,
                transactions.c.chain_id == anchors.c.chain_id,
                transactions.c.hash == anchors.c.tx,
            ),
        )
        .where(anchors.c.log == reads.log, anchors.c.size.in_(sorted(found)))
        .order_by(anchors.c.size)
    )
    return [AnchorAt(int(row.at_ms), int(row.size), row.tx) for row in await reads.all(query)]


async def money(reads: Reads) -> dict[Place, Sums]:
    """Every pool's money: what campaigns were funded with, what settlements award, what was claimed."""
    funded: defaultdict[Place, int] = defaultdict(int)
    query = select(campaigns.c.statement, campaign_funds.c.funded).join(
        campaigns, and_(campaigns.c.log == campaign_funds.c.log, campaigns.c.id == campaign_funds.c.campaign)
    )
    for row in await reads.all(query.where(campaign_funds.c.log == reads.log)):
        opened = kinds.parse(bytes(row.statement))
        assert isinstance(opened, CampaignOpened)
        if opened.onchain is not None:
            funded[opened.onchain.chain_id, opened.onchain.pool] += int(row.funded)
    awarded, payable = await _settled(reads)
    paid = await _paid(reads)
    return {
        place: Sums(funded.get(place, 0), awarded.get(place, 0), payable.get(place, 0), paid.get(place, 0))
        for place in sorted({*funded, *awarded, *paid})
    }


async def _settled(reads: Reads) -> tuple[dict[Place, int], dict[Place, int]]:
    """By the settlements that were not vetoed: the totals of all campaigns, people without a wallet included, and what
    accounts have of that. Totals are cumulative; a settlement lists the campaigns that it changes.
    """
    of = settlements.c
    totals: defaultdict[Place, dict[str, int]] = defaultdict(dict)
    payable: dict[Place, int] = {}
    query = select(of.chain_id, of.pool, of.total, of.campaigns).where(of.log == reads.log, of.state != "vetoed")
    for row in await reads.all(query.order_by(of.number)):
        place = (row.chain_id, row.pool)
        payable[place] = int(row.total)
        totals[place] |= {line["campaign"]: int(line["total"]) for line in json.loads(row.campaigns)}
    return {place: sum(each.values()) for place, each in totals.items()}, payable


async def _paid(reads: Reads) -> dict[Place, int]:
    of = claims.c
    limbs = [func.sum(_limb(of.cumulative, place)).label(f"limb{place}") for place in range(_LIMBS)]
    query = select(of.chain_id, of.pool, *limbs).where(of.log == reads.log).group_by(of.chain_id, of.pool)
    return {
        (row.chain_id, row.pool): sum(
            int(row._mapping[f"limb{place}"]) * 10 ** (_LIMB_DIGITS * place) for place in range(_LIMBS)
        )
        for row in await reads.all(query)
    }


def _limb(amount: Column[Any], place: int) -> ColumnElement[int]:
    """Twelve digits of a decimal text, counted from its end: databases add up integers of 64 bits, or not exactly."""
    padded = literal("0" * _LIMB_DIGITS * _LIMBS).concat(amount)
    begin = func.length(padded) - _LIMB_DIGITS * (place + 1) + 1
    return cast(func.substr(padded, begin, _LIMB_DIGITS), BigInteger)
