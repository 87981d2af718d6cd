"""From a method's outcome to verdicts, and what it takes to run the same decision again.

The inputs that are committed to hold no answers, only which contributions were read and how: the log already binds
every contribution's content by a commitment of its own. So nobody can run a consensus on other answers than the
recorded ones, nothing private is stored twice, and after one contribution is erased the others still verify.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.consensus.answers import MAX_ANSWERS, MILLION, Answer, Judged, check_answers, votes_of
from ledger.consensus.methods import Gold, Method, Outcome
from ledger.consensus.registry import find_method
from ledger.errors import ConfigError, FieldError, FormatError
from ledger.statements import decisions
from ledger.statements.canonical import JsonValue

LEAST_VOTES = 2
"""Fewer votes than this on a task are no consensus: a single answer would approve itself."""


class _MethodRead(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    parameters: dict[str, str]


class _Inputs(msgspec.Struct, forbid_unknown_fields=True):
    """The inputs' document, as ``inputs_document`` writes it."""

    v: Literal[1]
    method: _MethodRead
    threshold_millionths: Annotated[int, Meta(ge=0, le=MILLION)]
    least_votes: Annotated[int, Meta(ge=1)]
    gold: dict[str, str]
    contributions: Annotated[list[tuple[str, str, str]], Meta(max_length=MAX_ANSWERS)]
    field: str | None = None


def decide(
    answers: Sequence[Answer],
    outcome: Outcome,
    gold: Gold,
    *,
    threshold_millionths: int,
    least_votes: int = LEAST_VOTES,
) -> list[Judged]:
    """A judgement on each answer, in the order of contribution ids.

    Where the answer is known (``gold``) it alone decides, whatever the method says. Else an answer that equals the
    task's label is accepted with the confidence as its score and another is rejected with score 0; a task that tied,
    has fewer than ``least_votes`` votes or a confidence below the threshold goes to a person. Raises FieldError,
    TooLargeError.
    """
    check_answers(answers)
    if not 0 <= threshold_millionths <= MILLION:
        raise FieldError(
            f"A threshold of {threshold_millionths} millionths is outside [0, 1].",
            field="threshold",
            remedy="Give a number from 0 to 1; 0.7 sends what is less sure than that to a person.",
        )
    votes = {task: len(given) for task, given in votes_of(answers).items()}
    judged = []
    for answer in sorted(answers, key=lambda one: one.contribution):
        known = gold.get(answer.task)
        if known is not None:
            judged.append(_by_label(answer, known, MILLION, "the known answer"))
            continue
        label, confidence = outcome.labels.get(answer.task), outcome.confidence.get(answer.task, 0)
        if label is None:
            doubt = "no single answer leads"
        elif votes[answer.task] < least_votes:
            doubt = f"fewer than {least_votes} people answered"
        elif confidence < threshold_millionths:
            doubt = "the confidence is below the threshold"
        else:
            judged.append(_by_label(answer, label, confidence, "the answer of the others"))
            continue
        judged.append(Judged(answer.contribution, "needs_review", 0, confidence, f"{doubt}: a person decides"))
    return judged


def _by_label(answer: Answer, label: str, confidence: int, what: str) -> Judged:
    if answer.label == label:
        return Judged(answer.contribution, "accepted", confidence, confidence, f"equals {what}")
    return Judged(answer.contribution, "rejected", 0, confidence, f"differs from {what}")


def inputs_document(
    answers: Sequence[Answer],
    gold: Gold,
    method: Method,
    *,
    threshold_millionths: int,
    least_votes: int = LEAST_VOTES,
    field: str | None = None,
) -> JsonValue:
    """What a decision was made from, to be committed to with purpose ``inputs``; private, because gold is in it.

    ``contributions`` are [id, task, contributor], sorted by id; ``gold`` only of these tasks; ``field`` is the member
    of the contents that ``label_of`` read. Raises FieldError, TooLargeError.
    """
    check_answers(answers)
    tasks = {answer.task for answer in answers}
    listed: list[JsonValue] = [
        [answer.contribution, answer.task, answer.contributor]
        for answer in sorted(answers, key=lambda one: one.contribution)
    ]
    document: dict[str, JsonValue] = {
        "v": 1,
        "method": {
            "name": method.name,
            "version": method.version,
            "parameters": {**method.parameters},
        },
        "threshold_millionths": threshold_millionths,
        "least_votes": least_votes,
        "gold": {task: label for task, label in gold.items() if task in tasks},
        "contributions": listed,
    }
    return document if field is None else document | {"field": field}


def statement_method(method: Method, inputs: str) -> decisions.Method:
    """The member ``method`` of ``decision.made``; ``inputs`` is the commitment to ``inputs_document``."""
    return decisions.Method(
        type=method.kind, name=method.name, version=method.version, parameters=method.parameters or None, inputs=inputs
    )


def rerun(document: JsonValue, answers: Iterable[Answer]) -> list[Judged]:
    """The same decision once more: the opened inputs' document, and the answers whose openings still exist.

    The caller has checked document and contents against their commitments and read the labels with ``label_of`` and
    the document's ``field``. A contribution of the document that is not among ``answers`` was erased: it, and whatever
    its answer had a part in, is ``no_longer_verifiable``. That is every answer to its task, and with a method that
    weighs people by all their answers, every answer not judged by a known one. Raises FormatError for a document of
    another shape or an answer that it does not list, FieldError for one given twice, ConfigError if the version
    installed is another than recorded.
    """
    try:
        read = msgspec.convert(document, _Inputs)
    except msgspec.ValidationError as error:
        raise FormatError(f"This is not a document of a decision's inputs: {error}.") from error
    listed = {contribution: (task, contributor) for contribution, task, contributor in read.contributions}
    kept = list(answers)
    check_answers(kept)
    given = {answer.contribution: answer for answer in kept}
    for contribution, answer in given.items():
        if listed.get(contribution) != (answer.task, answer.contributor):
            raise FormatError(
                f"The contribution {contribution} is not in these inputs, or with another task or contributor.",
                remedy="Give the contributions that the document lists, as their statements have them.",
            )
    method = _method(read.method)
    outcome = method.judge(kept, read.gold)
    judged = decide(
        kept, outcome, read.gold, threshold_millionths=read.threshold_millionths, least_votes=read.least_votes
    )
    erased = sorted(listed.keys() - given.keys())
    spoilt = {listed[contribution][0] for contribution in erased}
    if erased and not method.local:
        spoilt = {task for task, _ in listed.values()}
    spoilt -= read.gold.keys()  # a known answer decides alone
    result = [_unverifiable(one) if given[one.contribution].task in spoilt else one for one in judged]
    result += [Judged(contribution, "no_longer_verifiable", 0, 0, "its content was erased") for contribution in erased]
    return sorted(result, key=lambda one: one.contribution)


def _method(read: _MethodRead) -> Method:
    """The recorded method. Raises ConfigError where another version of it is installed."""
    method = find_method(read.name, read.parameters)
    if method.version != read.version:
        raise ConfigError(
            f"The decision was made with {read.name} {read.version}; {method.version} is installed.",
            remedy="Run it again with the version that the statement names.",
        )
    return method


def _unverifiable(judged: Judged) -> Judged:
    reason = "it depends on an answer that was erased"
    return replace(judged, verdict="no_longer_verifiable", score=0, confidence=0, reason=reason)
