"""Who earned how much: the distribution of awards over people, one for each pool and one for points."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ledger.audit.chain_checks import OnChain
from ledger.book.campaign_book import CampaignBook
from ledger.book.fold import Book
from ledger.book.rewards import PoolKey
from ledger.chain.contracts import read_pool_terms
from ledger.chain.units import BASE_UNITS, POINTS, Unit, token_unit
from ledger.errors import ChainError
from ledger.pictures.scale import round_step
from ledger.statements.canonical import JsonValue

MOST_POOLS: Final = 4
_MOST_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True)
class Pay:
    """What the people of one pool were awarded so far; all amounts are base units.

    Attributes:
        pool: chain id and address; None for points.
        unit: what it is paid in, as the chain says; base units where no chain was asked.
        people: how many were awarded anything.
        middle: what the middle one of them was awarded.
        top_tenth: what the best-paid tenth of them (one person at least) was awarded together.
        step: the width of a column.
        counts: people by column: above 0 up to one step, above that up to two ...
    """

    pool: PoolKey | None
    unit: Unit
    people: int
    total: int
    middle: int
    highest: int
    top_tenth: int
    step: int
    counts: tuple[int, ...]

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        where: dict[str, JsonValue] = {} if self.pool is None else {"chain_id": self.pool[0], "pool": self.pool[1]}
        amounts = {name: str(getattr(self, name)) for name in ("total", "middle", "highest", "top_tenth", "step")}
        unit: dict[str, JsonValue] = {"unit": self.unit.name, "decimals": self.unit.decimals}
        return where | unit | {"people": self.people, "counts": list(self.counts)} | amounts


def pay_of(book: Book, chain: OnChain | None) -> tuple[Pay, ...]:
    """The distributions, the pool with most people first."""
    by_pool: dict[PoolKey | None, list[CampaignBook]] = defaultdict(list)
    for each in book.campaigns.values():
        place = each.campaign.opened.onchain
        by_pool[(place.chain_id, place.pool) if place is not None else None].append(each)
    found = [_distribution(pool, _earned(campaigns)) for pool, campaigns in by_pool.items()]
    ordered = sorted((each for each in found if each.people), key=lambda each: (-each.people, each.pool or (0, "")))
    return tuple(_in_its_unit(each, chain) for each in ordered[:MOST_POOLS])


def _earned(campaigns: Sequence[CampaignBook]) -> list[int]:
    """What each person was awarded in these campaigns, least first."""
    sums: dict[str, int] = defaultdict(int)
    for each in campaigns:
        for award in each.awards:
            sums[award.contributor] += award.units
        for void in each.voids:
            sums[each.awards[void.position].contributor] -= each.awards[void.position].units
    return sorted(units for units in sums.values() if units > 0)


def _distribution(pool: PoolKey | None, earned: Sequence[int]) -> Pay:
    """In columns of the same round width."""
    unit = BASE_UNITS if pool is not None else POINTS
    if not earned:
        return Pay(pool, unit, 0, 0, 0, 0, 0, 1, ())
    highest, people = earned[-1], len(earned)
    step = round_step(highest, _MOST_COLUMNS)
    edges = [bisect_left(earned, number * step + 1) for number in range(-(-highest // step) + 1)]
    counts = tuple(after - before for before, after in pairwise(edges))
    top = sum(earned[-max(people // 10, 1) :])
    return Pay(pool, unit, people, sum(earned), earned[people // 2], highest, top, step, counts)


def _in_its_unit(pay: Pay, chain: OnChain | None) -> Pay:
    """With the token's own symbol and decimals, where a node says them."""
    if chain is None or pay.pool is None or pay.pool[0] != chain.chain_id:
        return pay
    try:
        unit = token_unit(chain.node, read_pool_terms(chain.node, pay.pool[1]).token)
    except ChainError:
        return pay
    return replace(pay, unit=unit)
