"""What would be decided: by a method from the answers of many, or by a judge one by one. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

import msgspec

from ledger.book.policies import ONCE_FOR_ALL, award
from ledger.client.deciding.work import Progress, Work, silent
from ledger.consensus.agreement import krippendorff_alpha, percent_agreement
from ledger.consensus.answers import Answer, Judged, label_of, votes_of
from ledger.consensus.decide import LEAST_VOTES, decide, inputs_document
from ledger.consensus.judges import Item, Judge, judge_items
from ledger.consensus.methods import Gold, Outcome, agreement_with
from ledger.consensus.methods import Method as Consensus
from ledger.errors import ConfigError, CrowdLedgerError, FieldError
from ledger.statements.campaigns import Policy
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method
from ledger.statements.values import format_score

JUDGED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision to be sent; ``why`` reaches the contributor. ``score`` in millionths, ``bonus`` in base units."""

    contribution: str
    verdict: Literal["accepted", "rejected"]
    score: int
    why: str
    bonus: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan rests on. ``alpha`` is Krippendorff's (nominal), ``equal`` the share of equal pairs of answers.

    Of ``gold_answers`` by people to questions with a known answer ``gold_right`` are right. Of those ``gold_tasks``
    the method finds ``gold_found`` when one half of the known answers is kept from it, then the other half.
    """

    answers: int = 0
    tasks: int = 0
    contributors: int = 0
    alpha: Fraction | None = None
    equal: Fraction | None = None
    gold_answers: int = 0
    gold_right: int = 0
    gold_tasks: int = 0
    gold_found: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be decided, what a person must judge and why, in the order of the log.

    ``document`` is what the method was given: ``ledger.consensus.decide.rerun`` takes it.
    """

    method: Method
    document: JsonValue
    rulings: tuple[Ruling, ...]
    doubtful: Mapping[str, str]
    figures: Figures


def plan_by_method(
    work: Work,
    method: Consensus,
    gold: Gold,
    *,
    threshold_millionths: int,
    least_votes: int = LEAST_VOTES,
    field: str | None = None,
) -> Plan:
    """Judge every undecided answer. ``gold`` is by public ids, ``field`` the member of the contents that is the answer.

    Raises FieldError where no content has that member, and what the method raises.
    """
    answers, doubtful = answers_of(work, field)
    outcome = method.judge(answers, gold)
    judged = decide(answers, outcome, gold, threshold_millionths=threshold_millionths, least_votes=least_votes)
    counts = {task: Counter(votes.values()) for task, votes in votes_of(answers).items()}
    known = {answer.contribution: answer for answer in answers}

    def why(one: Judged) -> str:
        answer = known[one.contribution]
        return _why(one, counts[answer.task], answer.label, answer.task in gold, method.name)

    document = inputs_document(
        answers, gold, method, threshold_millionths=threshold_millionths, least_votes=least_votes, field=field
    )
    statement = Method(type=method.kind, name=method.name, version=method.version, parameters=method.parameters or None)
    return _plan(work, statement, document, judged, doubtful, why, _figures(answers, method, outcome, gold))


def answers_of(work: Work, field: str | None) -> tuple[list[Answer], dict[str, str]]:
    """The answers that can be read, and why the others cannot, by contribution."""
    answers = []
    doubtful: dict[str, str] = {}
    unread: FieldError | None = None
    for piece in work.pieces:
        if piece.task is None:
            doubtful[piece.id] = "it answers no task, so nobody can agree with it"
        elif piece.content is None:
            doubtful[piece.id] = "its content is sealed or was erased"
        else:
            try:
                label = label_of(piece.content, field)
            except FieldError as error:
                doubtful[piece.id], unread = f"its content has no member {field!r}", error
                continue
            answers.append(Answer(piece.id, piece.task, piece.contributor, label, piece.at_ms))
    if unread is not None and not answers:
        raise unread
    return answers, doubtful


def _why(one: Judged, counts: Counter[str], label: str, known: bool, method: str) -> str:
    accepted = one.verdict == "accepted"
    if known:
        return f"This answer {'is' if accepted else 'is not'} the known answer to the question."
    share = f"{counts[label]} of {counts.total()} people gave this answer"
    which = "it" if accepted else "another answer"
    return f"{share}; by the method {method} {which} is right with a confidence of {format_score(one.confidence)}."


def _figures(answers: Sequence[Answer], method: Consensus, outcome: Outcome, gold: Gold) -> Figures:
    votes = votes_of(answers)
    met = {task: label for task, label in gold.items() if task in votes}
    counts = agreement_with(votes, met).values()
    return Figures(
        answers=len(answers),
        tasks=len(votes),
        contributors=len(outcome.reliability),
        alpha=krippendorff_alpha(votes),
        equal=percent_agreement(votes),
        gold_answers=sum(answered for _, answered in counts),
        gold_right=sum(right for right, _ in counts),
        gold_tasks=len(met),
        gold_found=_found(answers, method, met),
    )


def _found(answers: Sequence[Answer], method: Consensus, met: Gold) -> int:
    """How many known answers the method finds without being told: no better than its label on other tasks."""
    found = 0
    names = sorted(met)
    for hidden in (names[::2], names[1::2]):
        if hidden and method.kind == "consensus":
            labels = method.judge(answers, {task: met[task] for task in set(names) - set(hidden)}).labels
            found += sum(labels.get(task) == met[task] for task in hidden)
    return found


def plan_by_judge(
    work: Work,
    judge: Judge,
    *,
    threshold_millionths: int,
    tasks: Mapping[str, JsonValue] | None = None,
    progress: Progress = silent,
) -> Plan:
    """Have a judge look at every undecided contribution; ``tasks`` are the tasks' contents by public ids.

    Verdicts with a confidence below the threshold go to a person. There is no plan where the judge fails (ConfigError,
    UnavailableError) or says nonsense (FormatError).
    """
    shown = {} if tasks is None else tasks
    readable = [piece for piece in work.undecided if piece.content is not None]
    doubtful = {piece.id: "its content is sealed or was erased" for piece in work.undecided if piece.content is None}
    judged: list[Judged] = []
    for begin in range(0, len(readable), JUDGED_AT_ONCE):
        part = readable[begin : begin + JUDGED_AT_ONCE]
        items = [Item(piece.id, shown.get(piece.task or ""), piece.content) for piece in part]
        judged += [_surely(one, threshold_millionths) for one in _asked(judge, items)]
        progress(len(judged), len(readable))
    statement = Method(type="model", name=judge.name, version=judge.version, parameters=dict(judge.parameters) or None)
    document: JsonValue = {
        "v": 1,
        "method": {"name": judge.name, "version": judge.version, "parameters": {**judge.parameters}},
        "threshold_millionths": threshold_millionths,
        "contributions": [[piece.id, piece.task or "", piece.contributor] for piece in readable],
    }

    def why(one: Judged) -> str:
        return one.reason or f"The judge {judge.name} {judge.version} says so."

    people = len({piece.contributor for piece in readable})
    figures = Figures(len(readable), len({piece.task for piece in readable}), people)
    return _plan(work, statement, document, judged, doubtful, why, figures)


def _asked(judge: Judge, items: Sequence[Item]) -> list[Judged]:
    try:
        return judge_items(judge, items)
    except CrowdLedgerError:
        raise
    except Exception as error:  # whatever somebody's judge raises
        raise ConfigError(
            f"The judge {judge.name} failed: {type(error).__name__}: {error}.", remedy="Mend it; nothing was decided."
        ) from error


def _surely(one: Judged, threshold_millionths: int) -> Judged:
    if one.verdict == "needs_review" or one.confidence >= threshold_millionths:
        return one
    return replace(one, verdict="needs_review", reason="the confidence is below the threshold: a person decides")


def _plan(
    work: Work,
    method: Method,
    document: JsonValue,
    judged: Iterable[Judged],
    doubtful: Mapping[str, str],
    why: Callable[[Judged], str],
    figures: Figures,
) -> Plan:
    by_id = {one.contribution: one for one in judged}
    rulings: list[Ruling] = []
    doubts: dict[str, str] = {}
    for piece in work.undecided:
        one = by_id.get(piece.id)
        if one is None:
            doubts[piece.id] = doubtful[piece.id]
        elif one.verdict in {"accepted", "rejected"}:
            rulings.append(Ruling(piece.id, one.verdict, one.score, why(one)))
        else:
            doubts[piece.id] = one.reason or "the judge leaves it to a person"
    return Plan(method, document, tuple(rulings), doubts, figures)


def pay_of(work: Work, plan: Plan) -> int | None:
    """Base units that the accepted come to by the campaign's present policy, without bonuses.

    None for prizes and pools, which pay once for all.
    """
    policy: Policy = msgspec.convert(work.campaign.policy, type=Policy)
    if isinstance(policy, ONCE_FOR_ALL):
        return None
    return sum(award(policy, one.score) for one in plan.rulings if one.verdict == "accepted")
