"""Processing: gold questions, a vote weighed by them, people for the doubtful; and what the pay is worth. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.client.deciding import Plan, Work, plan_by_method
from ledger.consensus.gold import GoldWeighted
from ledger.consensus.majority import majority
from ledger.demo.answers import Answer, tasks_of
from ledger.statements.values import SCORE_ONE

METHOD = GoldWeighted()
FIELD = "label"
"""The member of the contents that holds the answer."""
GOLD_ONE_IN = 10
THRESHOLD_MILLIONTHS = 600_000
"""A question whose answer is less sure than this goes to a person."""
EXPERT_MILLIONTHS = 900_000
"""The share of right answers to gold questions from which on the bonus is paid."""
EXPERT_ANSWERS = 5
"""So many gold questions one must have answered for it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on an answer, by a known answer, by the weighed vote, or by a person where that was in doubt."""

    answer: Answer
    accepted: bool
    by: Literal["gold", "consensus", "person"]


def choose_gold(answers: Sequence[Answer], seed: int) -> dict[str, str]:
    """One in ten questions (at least one) with their known answers, drawn by ``seed``; none where the file has none."""
    truth = {answer.task: answer.truth for answer in answers if answer.truth is not None}
    if not truth:
        return {}
    count = max(1, len(truth) // GOLD_ONE_IN)
    drawn = random.Random(seed).sample(sorted(truth), count)  # noqa: S311  (a draw that anybody can repeat)
    return {task: truth[task] for task in sorted(drawn)}


def plan(work: Work, gold: Mapping[str, str]) -> Plan:
    """What the weighed vote decides; ``gold`` by public ids of tasks."""
    return plan_by_method(work, METHOD, gold, threshold_millionths=THRESHOLD_MILLIONTHS, field=FIELD)


def judgements(planned: Plan, answers: Mapping[str, Answer], gold: Mapping[str, str]) -> dict[str, Judgement]:
    """The judgement on each contribution (``answers`` by contribution, ``gold`` by the file's questions).

    What the method leaves to a person is judged by the file's gold answer, which plays them; all are accepted where
    there is none: nobody can then be shown to be wrong.
    """
    found: dict[str, Judgement] = {}
    for ruling in planned.rulings:
        answer = answers[ruling.contribution]
        by: Literal["gold", "consensus"] = "gold" if answer.task in gold else "consensus"
        found[ruling.contribution] = Judgement(answer, ruling.verdict == "accepted", by)
    for contribution in planned.doubtful:
        answer = answers[contribution]
        found[contribution] = Judgement(answer, answer.truth is None or answer.label == answer.truth, "person")
    return found


def experts(answers: Iterable[Answer], gold: Mapping[str, str]) -> list[str]:
    """Who answered the gold questions so well that a bonus is due; ``gold`` by the file's questions."""
    right: dict[str, int] = {}
    met: dict[str, int] = {}
    for answer in answers:
        if answer.task in gold:
            met[answer.worker] = met.get(answer.worker, 0) + 1
            right[answer.worker] = right.get(answer.worker, 0) + (answer.label == gold[answer.task])
    return sorted(
        worker
        for worker, count in met.items()
        if count >= EXPERT_ANSWERS and right[worker] * SCORE_ONE >= count * EXPERT_MILLIONTHS
    )


@dataclass(frozen=True, slots=True)
class PaidRight:
    """Accepted answers, those of them that the file's gold answers call right, and what people had to judge."""

    paid: int
    right: int
    by_person: int

    @property
    def percent(self) -> str:
        """The right ones' share, with two decimals, rounded down."""
        hundredths = self.right * 10_000 // max(1, self.paid)
        return f"{hundredths // 100}.{hundredths % 100:02d}"


def paid_right(judgements: Iterable[Judgement]) -> PaidRight:
    """What these judgements pay for."""
    listed = list(judgements)
    paid = [each.answer for each in listed if each.accepted]
    right = sum(answer.label == answer.truth for answer in paid)
    return PaidRight(len(paid), right, sum(each.by == "person" for each in listed))


def majority_paid_right(answers: Sequence[Answer]) -> PaidRight:
    """What the plain majority would have paid for, ties decided by a person as above, without any gold question."""
    groups: dict[str, list[Answer]] = {task: [] for task in tasks_of(answers)}
    for answer in answers:
        groups[answer.task].append(answer)
    paid = right = by_person = 0
    for group in groups.values():
        winner = majority(answer.label for answer in group).label
        by_person += len(group) if winner is None else 0
        for answer in group:
            expected = answer.truth if winner is None else winner
            if expected is None or answer.label == expected:
                paid += 1
                right += answer.label == answer.truth
    return PaidRight(paid, right, by_person)
