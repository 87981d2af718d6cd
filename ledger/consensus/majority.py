"""The plainest consensus: what most people answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ledger.consensus.answers import Answer, votes_of
from ledger.consensus.methods import Gold, Outcome, agreement_with, refuse_unknown, smoothed

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


@dataclass(frozen=True, slots=True)
class MajorityVote:
    """One vote each; confidence is the winner's share, reliability the smoothed agreement with the winners.

    Known answers change nothing in the vote; ``decide`` judges the answers to those tasks by them.
    """

    kind: ClassVar[Literal["consensus"]] = "consensus"
    name: ClassVar[str] = NAME
    version: ClassVar[str] = VERSION
    local: ClassVar[bool] = True

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> MajorityVote:
        """Raises FieldError: it has no parameters."""
        refuse_unknown(parameters, (), NAME)
        return cls()

    @property
    def parameters(self) -> dict[str, str]:
        return {}

    def judge(self, answers: Sequence[Answer], gold: Gold) -> Outcome:
        """See the class; ``gold`` is not used."""
        votes = votes_of(answers)
        results = {task: majority(given.values()) for task, given in votes.items() if given}
        labels = {task: result.label for task, result in results.items() if result.label is not None}
        return Outcome(
            labels,
            {task: result.share_millionths for task, result in results.items()},
            {who: smoothed(*counts) for who, counts in agreement_with(votes, labels).items()},
        )
