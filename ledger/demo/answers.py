"""Reading ``task,worker,label[,truth]`` files."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from ledger.errors import FormatError

MAX_TEXT = 200
_REMEDY = "The file needs a header 'task,worker,label' or 'task,worker,label,truth' and those columns on every line."


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one person to one question; ``truth`` is the gold answer where the file has one."""

    row: int
    task: str
    worker: str
    label: str
    truth: str | None


def read_answers(path: Path, questions: int | None = None) -> list[Answer]:
    """The file's answers in its order, of the first ``questions`` questions only where that is given.

    Raises FormatError that names the line for a missing column, an empty or oversize value or an empty file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            answers = list(_rows(path, csv.reader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read: {error}.", remedy=_REMEDY) from error
    if not answers:
        raise FormatError(f"{path} has no answers.", remedy=_REMEDY)
    if questions is None:
        return answers
    chosen = set(tasks_of(answers)[:questions])
    return [answer for answer in answers if answer.task in chosen]


def tasks_of(answers: Iterable[Answer]) -> list[str]:
    """The questions in the order in which the file names them first."""
    return list(dict.fromkeys(answer.task for answer in answers))


def workers_of(answers: Iterable[Answer]) -> list[str]:
    """The people, likewise."""
    return list(dict.fromkeys(answer.worker for answer in answers))


def truth_of(answers: Sequence[Answer], path: Path) -> dict[str, str]:
    """Question -> gold answer. Raises FormatError where a question has none, or two."""
    truth: dict[str, str] = {}
    for answer in answers:
        if answer.truth is None or truth.setdefault(answer.task, answer.truth) != answer.truth:
            raise FormatError(
                f"{path}, line {answer.row}: question {answer.task} has {'no' if answer.truth is None else 'another'} "
                "gold answer.",
                remedy="This kind of campaign needs one gold answer to every question, in the column 'truth'.",
            )
    return truth


def mixed(answers: Sequence[Answer], truth: dict[str, str], questions: int | None) -> list[Answer]:
    """The answers to ``questions`` questions, drawn from each class of gold answers in turn; None: all of them."""
    by_class: dict[str, list[str]] = {}
    for task in tasks_of(answers):
        by_class.setdefault(truth[task], []).append(task)
    turns = chain.from_iterable(zip_longest(*(by_class[label] for label in sorted(by_class))))
    chosen = set([task for task in turns if task is not None][:questions])
    return [answer for answer in answers if answer.task in chosen]


def _rows(path: Path, lines: Iterable[list[str]]) -> Iterator[Answer]:
    rows = iter(lines)
    header = [name.strip().lower() for name in next(rows, [])]
    if header not in (["task", "worker", "label"], ["task", "worker", "label", "truth"]):
        raise FormatError(f"{path}, line 1: the header is {','.join(header)!r}.", remedy=_REMEDY)
    for number, line in enumerate(rows, start=2):
        if not line:
            continue
        row = [value.strip() for value in line]
        if len(row) != len(header):
            raise FormatError(f"{path}, line {number}: {len(row)} columns, not {len(header)}.", remedy=_REMEDY)
        if not all(row[:3]) or any(len(value) > MAX_TEXT for value in row):
            raise FormatError(
                f"{path}, line {number}: a value is empty or longer than {MAX_TEXT} characters.", remedy=_REMEDY
            )
        if any(unicodedata.category(character) == "Cc" for value in row for character in value):
            raise FormatError(
                f"{path}, line {number}: a value holds a control character.",
                remedy="Take it out; names and labels are printable text on one line.",
            )
        yield Answer(number, row[0], row[1], row[2], (row[3] or None) if len(row) == 4 else None)
