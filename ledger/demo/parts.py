"""Creation: the parts of a data set that many make together, and what each is worth. Pure, integers only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger.consensus.majority import majority
from ledger.demo.answers import Answer, workers_of
from ledger.statements.values import SCORE_ONE

PART_ANSWERS = 10
"""Answers in one part, the last of a person may have fewer: the size of the tasks in the original study."""
LEAST_MILLIONTHS = 700_000
"""Parts with a smaller share of right answers are not taken into the data set."""


@dataclass(frozen=True, slots=True)
class Part:
    """Answers of one person that go into the data set together; ``score`` in millionths, by the editor."""

    name: str
    worker: str
    labels: dict[str, str]
    score: int

    @property
    def accepted(self) -> bool:
        """Whether it is good enough."""
        return self.score >= LEAST_MILLIONTHS


def cut(answers: Sequence[Answer], truth: Mapping[str, str]) -> list[Part]:
    """Each person's answers in parts of ten, in the order of the file. The file's gold answers play the editor."""
    by_worker: dict[str, list[Answer]] = {worker: [] for worker in workers_of(answers)}
    for answer in answers:
        by_worker[answer.worker].append(answer)
    parts = []
    for worker, given in by_worker.items():
        for number, begin in enumerate(range(0, len(given), PART_ANSWERS), start=1):
            labels = {answer.task: answer.label for answer in given[begin : begin + PART_ANSWERS]}
            right = sum(truth[task] == label for task, label in labels.items())
            parts.append(Part(f"{worker}-{number}", worker, labels, right * SCORE_ONE // len(labels)))
    return parts


def shares(total: int, parts: Sequence[Part]) -> dict[str, int]:
    """The pool by part: in proportion to the scores of accepted parts, the last units by largest remainder.

    Equal remainders: the earlier part. Written here once more, apart from the book that pays, to compare.
    """
    good = [part for part in parts if part.accepted]
    whole = sum(part.score for part in good)
    if not whole:
        return {}
    exact = {part.name: divmod(total * part.score, whole) for part in good}
    left = total - sum(units for units, _ in exact.values())
    order = sorted(range(len(good)), key=lambda place: (-exact[good[place].name][1], place))
    extra = {good[place].name for place in order[:left]}
    return {name: units + (name in extra) for name, (units, _) in exact.items()}


def assemble(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The data set: each question's most frequent label in the parts; a question that ties is left out."""
    votes: dict[str, list[str]] = {}
    for labels in parts:
        for task, label in labels.items():
            votes.setdefault(task, []).append(label)
    found = {task: majority(given).label for task, given in sorted(votes.items())}
    return {task: label for task, label in found.items() if label is not None}


def accuracy_millionths(labels: Mapping[str, str], truth: Mapping[str, str]) -> int:
    """The share of labels that are right."""
    return sum(truth[task] == label for task, label in labels.items()) * SCORE_ONE // max(1, len(labels))


def questions(parts: Sequence[Part]) -> int:
    """How many questions the parts answer."""
    return len({task for part in parts for task in part.labels})
