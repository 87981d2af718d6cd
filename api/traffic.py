"""How many requests this process answered, how, and how soon: counters for Prometheus, kept by hand for the hot paths.

Seconds are from the request's head to the reply's, so that a stream that stays open counts as what it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

from ledger.errors import Limit

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; the last bucket has no bound."""


class Traffic:
    """The counters of one process."""

    def __init__(self) -> None:
        self.by_status: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.limited: Counter[Limit] = Counter()
        """Requests that were answered 429, by what there was too much of."""
        self.replayed: Counter[str] = Counter()
        """By log: requests that got the reply again which their Idempotency-Key had before."""

    def answered(self, status: int, seconds: float) -> None:
        """One more reply."""
        self.by_status[status] = self.by_status.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets as Prometheus has them: each with those before it."""
        total = 0
        found: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.buckets, strict=True):
            total += count
            found.append((bound, total))
        return found
