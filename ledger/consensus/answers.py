"""What many people answered, who has a vote on which task, and what is judged of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.errors import FieldError, TooLargeError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue

MAX_ANSWERS = 1_000_000
MILLION = 1_000_000

Verdict = Literal["accepted", "rejected", "needs_review", "no_longer_verifiable"]
Votes = dict[str, dict[str, str]]
"""Task -> contributor -> label."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One contribution read as an answer; ``label`` as ``label_of`` makes it, ``at_ms`` since 1970, 0 if unknown."""

    contribution: str
    task: str
    contributor: str
    label: str
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What is decided about one contribution; score and confidence in millionths.

    ``confidence`` is that of the task's label: evidence, for a rejected answer too, whose score is 0.
    ``needs_review`` asks for a person; ``no_longer_verifiable`` comes only from running a decision again.
    """

    contribution: str
    verdict: Verdict
    score: int
    confidence: int
    reason: str


def label_of(content: JsonValue, field: str | None = None) -> str:
    """The label of a contribution's content: text as it is, anything else as its canonical JSON (RFC 8785).

    ``field`` names the member that holds the answer where content is an object. The text ``1`` and the number 1 are
    the same label: platforms differ in how they write one answer. Raises FieldError if the member is not there.
    """
    if field is not None:
        if not isinstance(content, dict) or field not in content:
            raise FieldError(
                f"This content has no member {field!r} to compare.",
                field=field,
                remedy="Name the member that holds the answer, or none to compare the whole content.",
            )
        content = content[field]
    return content if isinstance(content, str) else canonical.encode(content).decode()


def check_answers(answers: Sequence[Answer]) -> None:
    """Raises TooLargeError above ``MAX_ANSWERS``, FieldError if a contribution is there twice."""
    if len(answers) > MAX_ANSWERS:
        raise TooLargeError(
            f"{len(answers)} answers are more than {MAX_ANSWERS} at a time.", remedy="Decide campaign by campaign."
        )
    seen: set[str] = set()
    for answer in answers:
        if answer.contribution in seen:
            raise FieldError(
                f"The contribution {answer.contribution} is there twice.",
                field="contribution",
                remedy="Give each contribution once.",
            )
        seen.add(answer.contribution)


def votes_of(answers: Iterable[Answer]) -> Votes:
    """Each contributor's one vote a task, in the order of names, whatever the order of arrival.

    Who answers a task twice alike votes once; who answers it differently has no vote on it: otherwise several
    contributions of one person would outvote the others, or the last to arrive would count.
    """
    found: Votes = {}
    contrary: set[tuple[str, str]] = set()
    for answer in answers:
        if found.setdefault(answer.task, {}).setdefault(answer.contributor, answer.label) != answer.label:
            contrary.add((answer.task, answer.contributor))
    for task, contributor in contrary:
        del found[task][contributor]
    return {task: dict(sorted(found[task].items())) for task in sorted(found)}
