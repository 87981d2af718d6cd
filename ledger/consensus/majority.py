"""The plainest consensus: what most people answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

NAME = "majority"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Majority:
    """The most frequent answer of one question; ``label`` is None where several are equally frequent."""

    label: str | None
    votes: int
    answers: int

    @property
    def share_millionths(self) -> int:
        """The winning answer's share of all answers, in millionths (rounded down)."""
        return self.votes * 1_000_000 // self.answers


def majority(labels: Iterable[str]) -> Majority:
    """The majority of one question's answers, whatever their order. Raises ValueError if there is none at all."""
    counts = Counter(labels)
    if not counts:
        raise ValueError("A question without answers has no majority.")
    ranked = counts.most_common(2)
    tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    return Majority(None if tied else ranked[0][0], ranked[0][1], counts.total())
