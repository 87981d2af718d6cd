"""The three real sets of answers, with the gold answers; and made-up answers for property tests."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from ledger.consensus.answers import Answer

DATA = Path(__file__).parents[2] / "data"
SETS = {
    "rte": DATA / "snow2008-rte.csv",
    "temporal": DATA / "labels" / "snow2008-temporal.csv",
    "bluebirds": DATA / "labels" / "bluebirds.csv",
}


@cache
def read(name: str) -> tuple[tuple[Answer, ...], dict[str, str]]:
    """The answers of a set in its file's order, and task -> gold answer."""
    with SETS[name].open(newline="") as file:
        rows = list(csv.DictReader(file))
    answers = tuple(Answer(f"c{n:05}", row["task"], row["worker"], row["label"]) for n, row in enumerate(rows))
    return answers, {row["task"]: row["truth"] for row in rows}


def tenth(gold: dict[str, str]) -> dict[str, str]:
    """Every tenth task by name: the gold questions of the tests and of docs/consensus.md."""
    return {task: gold[task] for task in sorted(gold)[::10]}


def share_right(labels: dict[str, str], gold: dict[str, str]) -> float:
    """Accuracy over all tasks of ``gold``; a task without label is not right."""
    return sum(labels.get(task) == label for task, label in gold.items()) / len(gold)


@st.composite
def made_up(draw: st.DrawFn) -> tuple[list[Answer], dict[str, str]]:
    """Answers with repetitions and contradictions of one person, and known answers to some tasks."""
    word = st.sampled_from("abc")
    rows = draw(st.lists(st.tuples(st.sampled_from("tuvw"), st.sampled_from("mnopqr"), word), max_size=40))
    gold = draw(st.dictionaries(st.sampled_from("tuvw"), word, max_size=3))
    return [Answer(f"c{n:02}", task, who, label, n) for n, (task, who, label) in enumerate(rows)], gold
