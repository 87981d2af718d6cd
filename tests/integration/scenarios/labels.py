"""Real answers to textual entailment questions, and a vote weighed by gold questions, counted here once more."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[2] / "data" / "snow2008-rte.csv"
GOLD = ("104", "113", "116")
ASKED = ("133", "134", "136")
THRESHOLD = 0.7
PRIOR = 4


@dataclass(frozen=True)
class Row:
    """One answer of the file."""

    task: str
    worker: str
    label: str
    truth: str


def rows() -> list[Row]:
    """The answers to three gold questions and to three others, in the file's order."""
    with DATA.open() as file:
        return [Row(**line) for line in csv.DictReader(file) if line["task"] in GOLD + ASKED]


def right_on_gold(answers: list[Row]) -> Counter[str]:
    """How many gold questions each person got right."""
    return Counter(row.worker for row in answers if row.task in GOLD and row.label == row.truth)


def verdicts(answers: list[Row]) -> dict[Row, str]:
    """accepted, rejected or, where the weighed vote is not sure, doubtful."""
    met = Counter(row.worker for row in answers if row.task in GOLD)
    right = right_on_gold(answers)
    crowd = (1 + right.total()) / (2 + met.total())
    found: dict[Row, str] = {}
    for task in GOLD + ASKED:
        given = [row for row in answers if row.task == task]
        weights = dict.fromkeys((row.label for row in given), 0.0)
        for row in given:
            share = (right[row.worker] + PRIOR * crowd) / (met[row.worker] + PRIOR)
            weights[row.label] += max(0.0, math.log2(share / (1 - share)))
        winner = max(weights, key=lambda label: weights[label])
        for row in given:
            if task in GOLD:
                found[row] = "accepted" if row.label == row.truth else "rejected"
            elif weights[winner] < THRESHOLD * sum(weights.values()):
                found[row] = "doubtful"
            else:
                found[row] = "accepted" if row.label == winner else "rejected"
    return found
