"""Gold questions: known answers judge the answers to them, and tell whose other votes weigh how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ledger.consensus.answers import MILLION, Answer, votes_of
from ledger.consensus.bits import log2
from ledger.consensus.methods import (
    Gold,
    Outcome,
    agreement_with,
    refuse_unknown,
    single_best,
    smoothed,
    whole_number,
)


@dataclass(frozen=True, slots=True)
class GoldQuestions:
    """Only tasks with a known answer get a label: that one, with full confidence.

    Reliability is the Laplace-smoothed share of right answers among those to gold questions.
    """

    kind: ClassVar[Literal["gold"]] = "gold"
    name: ClassVar[str] = "gold"
    version: ClassVar[str] = "1"
    local: ClassVar[bool] = True

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> GoldQuestions:
        """Raises FieldError: it has no parameters."""
        refuse_unknown(parameters, (), cls.name)
        return cls()

    @property
    def parameters(self) -> dict[str, str]:
        return {}

    def judge(self, answers: Sequence[Answer], gold: Gold) -> Outcome:
        """See the class."""
        votes = votes_of(answers)
        labels = {task: gold[task] for task in votes if task in gold}
        reliability = {who: smoothed(*counts) for who, counts in agreement_with(votes, labels).items()}
        return Outcome(labels, dict.fromkeys(labels, MILLION), reliability)


@dataclass(frozen=True, slots=True)
class GoldWeighted:
    """A vote in which each counts by the log-odds of being right, as the gold questions show it.

    With k labels in use, a person of reliability r weighs log2((k - 1) r / (1 - r)), which is the most likely answer's
    weight when errors are independent and spread evenly (Nitzan and Paroush 1982, for two labels). Nobody
    weighs less than nothing. r is the share of right answers to gold questions, pulled towards the whole crowd's by
    ``prior`` imagined answers, so that one lucky answer makes no expert and who met no gold question counts as
    average. Who lies under ``least_reliability`` (millionths) has no vote. Confidence is the winner's share of weight.
    """

    prior: int = 4
    least_reliability: int = 0

    kind: ClassVar[Literal["consensus"]] = "consensus"
    name: ClassVar[str] = "gold_weighted"
    version: ClassVar[str] = "1"
    local: ClassVar[bool] = False

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> GoldWeighted:
        """Raises FieldError for an unknown parameter or one out of range."""
        refuse_unknown(parameters, ("prior", "least_reliability"), cls.name)
        return cls(
            whole_number(parameters, "prior", 4, 1, 1000),
            whole_number(parameters, "least_reliability", 0, 0, MILLION),
        )

    @property
    def parameters(self) -> dict[str, str]:
        return {"prior": str(self.prior), "least_reliability": str(self.least_reliability)}

    def judge(self, answers: Sequence[Answer], gold: Gold) -> Outcome:
        """See the class. Tasks with a known answer have that one."""
        votes = votes_of(answers)
        odds = self._odds(agreement_with(votes, gold))
        reliability = {who: right * MILLION // (right + wrong) for who, (right, wrong) in odds.items()}
        known = {gold[task] for task in votes if task in gold}
        others = len({label for given in votes.values() for label in given.values()} | known) - 1
        weight = {
            who: max(0, log2(max(1, others) * right, wrong)) if reliability[who] >= self.least_reliability else 0
            for who, (right, wrong) in odds.items()
        }
        labels: dict[str, str] = {}
        confidence: dict[str, int] = {}
        for task, given in votes.items():
            if task in gold:
                labels[task], confidence[task] = gold[task], MILLION
                continue
            weights: dict[str, int] = {}
            for who, label in given.items():
                weights[label] = weights.get(label, 0) + weight[who]
            best = single_best(weights)
            if best is not None:
                labels[task] = best
            confidence[task] = max(weights.values(), default=0) * MILLION // max(1, sum(weights.values()))
        return Outcome(labels, confidence, reliability)

    def _odds(self, counts: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """Contributor -> r : 1 - r as two whole numbers, both above zero."""
        crowd_right = 1 + sum(right for right, _ in counts.values())
        crowd = 2 + sum(answered for _, answered in counts.values())
        return {
            who: (
                right * crowd + self.prior * crowd_right,
                (answered - right) * crowd + self.prior * (crowd - crowd_right),
            )
            for who, (right, answered) in counts.items()
        }
