"""Solving: entries of a challenge and the marks that judges give them. Pure, integers only.

The challenge is a classification: an entry is all labels of one entrant. The truth has two classes, the positive one
being the greater label. A judge marks *sensitivity* (positives found), *specificity* (negatives left alone) and
*complete* (answered at all).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.demo.answers import Answer
from ledger.errors import FormatError
from ledger.statements.values import SCORE_ONE, format_score

CRITERIA = {"sensitivity": 2, "specificity": 2, "complete": 1}
"""Names and weights."""
LEAST_MILLIONTHS = 500_000
"""From this mean on a judge accepts."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """A judge's marks in the order of ``CRITERIA``, in millionths."""

    scores: tuple[int, int, int]

    @property
    def mean(self) -> int:
        """Weighted, rounded down."""
        return sum(score * weight for score, weight in zip(self.scores, CRITERIA.values(), strict=True)) // sum(
            CRITERIA.values()
        )

    @property
    def accepted(self) -> bool:
        """Whether the judge accepts."""
        return self.mean >= LEAST_MILLIONTHS

    def texts(self) -> list[str]:
        """As reviews carry them."""
        return [format_score(score) for score in self.scores]


def entries_of(answers: Sequence[Answer]) -> dict[str, dict[str, str]]:
    """Entrant -> their labels by task, entrants in the order of the file."""
    entries: dict[str, dict[str, str]] = {}
    for answer in answers:
        entries.setdefault(answer.worker, {})[answer.task] = answer.label
    return entries


def classes(truth: Labels, path: Path) -> tuple[str, str]:
    """The negative and the positive class. Raises FormatError where there are not two."""
    found = sorted(set(truth.values()))
    if len(found) != 2:
        raise FormatError(
            f"{path} has {len(found)} classes of gold answers.",
            remedy="A challenge of this kind needs two, both in the questions that are used.",
        )
    return found[0], found[1]


def shares(truth: Labels, judges: int) -> list[dict[str, str]]:
    """The truth in ``judges`` parts, each class dealt out in turn, so that every judge sees as much of both."""
    parts: list[dict[str, str]] = [{} for _ in range(judges)]
    for label in sorted(set(truth.values())):
        for place, task in enumerate(sorted(task for task, known in truth.items() if known == label)):
            parts[place % judges][task] = label
    return parts


def mark(entry: Labels, truth: Labels, positive: str) -> Marks:
    """The marks of an entry on the pictures of ``truth``. A class that is not among them counts as found."""
    right = {True: 0, False: 0}
    asked = {True: 0, False: 0}
    for task, label in truth.items():
        asked[label == positive] += 1
        right[label == positive] += entry.get(task) == label
    answered = sum(task in entry for task in truth)
    return Marks((_share(right[True], asked[True]), _share(right[False], asked[False]), _share(answered, len(truth))))


def turned(entry: Labels, negative: str, positive: str) -> dict[str, str]:
    """The entry read with the codes the wrong way round."""
    other = {negative: positive, positive: negative}
    return {task: other.get(label, label) for task, label in entry.items()}


def prizes(amounts: Sequence[int], scores: Mapping[str, int], least: int) -> dict[str, int]:
    """What each place pays: equal scores share the prizes of the places they take, to the unit.

    What cannot be divided goes to those that ``scores`` names first.
    """
    ranked = [name for name in sorted(scores, key=lambda name: -scores[name]) if scores[name] >= least]
    won: dict[str, int] = {}
    place = 0
    while place < min(len(ranked), len(amounts)):
        tied = [name for name in ranked if scores[name] == scores[ranked[place]]]
        total = sum(amounts[place : place + len(tied)])
        for number, name in enumerate(tied):
            won[name] = total // len(tied) + (number < total % len(tied))
        place += len(tied)
    return won


def _share(part: int, whole: int) -> int:
    return SCORE_ONE if whole == 0 else part * SCORE_ONE // whole
