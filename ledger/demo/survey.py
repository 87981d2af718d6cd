"""A survey as PYBOSSA exports it, which answers of it are valid, and its count. Pure but for reading the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ledger.errors import FormatError

_REMEDY = "Give the task runs that PYBOSSA exports as JSON, with info.selection, task_id and user_id or user_ip."


class _Info(msgspec.Struct):
    selection: str


class _Run(msgspec.Struct):
    id: int
    task_id: int
    info: _Info
    finish_time: str
    user_id: int | None = None
    user_ip: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said to one question. ``person`` is an account, or an address where nobody signed in."""

    run: str
    question: str
    person: str
    choice: str


def read_votes(path: Path, questions: int | None = None) -> list[Vote]:
    """The votes by the time they were given, of the first ``questions`` questions only where that is given.

    Raises FormatError for what is no such export, an answer of nobody, or no answer at all.
    """
    try:
        runs = msgspec.json.decode(path.read_bytes(), type=list[_Run])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read: {error}.", remedy=_REMEDY) from error
    chosen = sorted({run.task_id for run in runs})[:questions]
    kept = sorted((run for run in runs if run.task_id in set(chosen)), key=lambda run: (run.finish_time, run.id))
    votes = [Vote(f"run-{run.id}", f"task-{run.task_id}", _person(path, run), run.info.selection) for run in kept]
    if not votes:
        raise FormatError(f"{path} has no answers.", remedy=_REMEDY)
    return votes


def _person(path: Path, run: _Run) -> str:
    if run.user_id is not None:
        return f"user-{run.user_id}"
    if run.user_ip:
        return f"address-{run.user_ip}"
    raise FormatError(f"{path}: task run {run.id} names nobody who gave it.", remedy=_REMEDY)


def repeated(votes: Iterable[Vote]) -> set[str]:
    """The runs that answer a question which the same person had answered before: each has one voice."""
    seen: set[tuple[str, str]] = set()
    found: set[str] = set()
    for vote in votes:
        if (vote.question, vote.person) in seen:
            found.add(vote.run)
        seen.add((vote.question, vote.person))
    return found


def tally(choices: Iterable[str]) -> dict[str, int]:
    """How often each was chosen, by name."""
    counts: dict[str, int] = {}
    for choice in choices:
        counts[choice] = counts.get(choice, 0) + 1
    return dict(sorted(counts.items()))
