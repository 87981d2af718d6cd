"""The queue of final awards of one campaign, and how much of it a limit pays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Award:
    """What a contributor earned with one contribution, in base units.

    ``entry`` is the index of the entry whose folding made it final: the award exists in every log longer than that.
    """

    entry: int
    contribution: str
    contributor: str
    units: int


def pay(queue: Iterable[Award], limit: int, paid: Mapping[str, int]) -> dict[str, int]:
    """What each contributor has been paid once the queue is paid from its head up to ``limit``, the last in part.

    ``paid`` is what earlier settlements published by contributor. It never falls, and against the limit a contributor
    counts with the greater of what is published and what the queue gives.
    """
    after = dict(paid)
    earned: dict[str, int] = {}
    left = limit - sum(after.values())
    for award in queue:
        if left <= 0:
            break
        who = award.contributor
        earned[who] = earned.get(who, 0) + award.units
        grant = min(left, earned[who] - after.get(who, 0))
        if grant > 0:
            after[who] = after.get(who, 0) + grant
            left -= grant
    return after
