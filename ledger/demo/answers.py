"""Reading ``task,worker,label[,truth]`` files and judging their answers by the majority of each question."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.consensus.majority import NAME, VERSION, majority
from ledger.errors import FormatError
from ledger.statements.decisions import Method
from ledger.statements.values import SCORE_ONE, format_score

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on an answer: by the majority of its question, or by a person where the question tied."""

    answer: Answer
    accepted: bool
    score: str
    by_person: bool
    parameters: dict[str, str]


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
    chosen = set(list(dict.fromkeys(answer.task for answer in answers))[:questions])
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


def judge(answers: Iterable[Answer]) -> list[Judgement]:
    """A judgement on each answer, question by question.

    The majority's answer is accepted with its share as the score. Where a question ties, a reviewer decides: by the
    gold answer where there is one, and otherwise for everybody, because then nobody can be shown to be wrong.
    """
    questions: dict[str, list[Answer]] = {}
    for answer in answers:
        questions.setdefault(answer.task, []).append(answer)
    return [judgement for group in questions.values() for judgement in _judge_question(group)]


def _judge_question(group: list[Answer]) -> Iterator[Judgement]:
    result = majority(answer.label for answer in group)
    parameters = {"answers": str(result.answers), "votes": str(result.votes)}
    for answer in group:
        if result.label is None:
            accepted = answer.truth is None or answer.label == answer.truth
            yield Judgement(answer, accepted, "1" if accepted else "0", True, {})
        else:
            accepted = answer.label == result.label
            share = result.share_millionths if accepted else SCORE_ONE - result.share_millionths
            yield Judgement(answer, accepted, format_score(share), False, parameters)


def method_of(judgement: Judgement) -> Method:
    """How a judgement came about."""
    if judgement.by_person:
        return Method(type="human")
    return Method(type="consensus", name=NAME, version=VERSION, parameters=judgement.parameters)
