"""What rests on contents: decisions that a method made are run again, results counted again, from their openings.

This shows that a decision follows from the answers by the method that it names. It says nothing of whether method and
answers were good. What was erased can no longer be verified, and is counted so, never as passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ledger.audit.committed import Committed, Found, Subject, find
from ledger.audit.openings import Openings, content_of
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.audit.results import check_results, contributions_of, document_of, short
from ledger.audit.source import Source
from ledger.book.contributions import Contribution
from ledger.book.facts import Facts
from ledger.consensus.answers import Answer, Judged, label_of
from ledger.consensus.decide import rerun
from ledger.errors import ConfigError, CrowdLedgerError, FieldError, FormatError, ProofError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import format_score, score_millionths

Contents = dict[Subject, JsonValue]
"""Contents that were opened, each checked against its commitment."""


def check_openings(report: Report, source: Source, replay: Replay, openings: Openings) -> None:
    """Check every opening that is given against the log, then what rests on it.

    Raises UnavailableError where the openings cannot be had at all, ConfigError where they are refused.
    """
    check = report.check("openings", "Contents that were opened are what the log commits to")
    counts: Counter[str] = Counter()
    found = find(source, replay, lambda purpose, subject: purpose in ("inputs", "result"))
    contents = dict(_open(check, replay.book.facts, openings, found.committed.values(), counts))
    documents = {
        subject: document_of(content, openings)
        for (purpose, subject), content in contents.items()
        if purpose == "result"
    }
    inputs = _inputs(contents, openings)
    needed = set(_rest_on(inputs.values(), documents.values()))
    more = find(
        source,
        replay,
        lambda purpose, subject: (
            purpose not in ("inputs", "result") and ((purpose, subject) in needed or openings.offers(purpose, subject))
        ),
    )
    contents |= _open(check, replay.book.facts, openings, more.committed.values(), counts)
    check.skipped = bool(counts) and not counts["opened"]
    check.evidence = (
        f"opened: {counts['opened']}; no longer verifiable, because erased: {counts['erased']}; "
        f"not given: {counts['withheld']}"
    )
    if openings.unasked:
        check.add("note", f"{openings.unasked} openings were not asked for: the limit was reached (--openings-limit).")
    _check_reviews(report, found, contents)
    _check_decisions(report, replay, found, contents, inputs)
    check_results(report, replay, found, documents, contents)


def _open(
    check: Check, facts: Facts, openings: Openings, committed: Iterable[Committed], counts: Counter[str]
) -> Iterator[tuple[Subject, JsonValue]]:
    """Yield what could be opened and is what the log commits to."""
    for each in committed:
        subject: Subject = each.purpose, each.subject
        try:
            opening = openings.fetch(each.purpose, each.subject)
            if opening is None:
                counts["erased" if subject in facts.erased else "withheld"] += 1
                continue
            content = content_of(opening, each.commitment, each.place)
        except (FormatError, ProofError) as error:
            check.error(f"The {each.purpose} of {each.subject}: {error.detail}", entry=each.entry)
            continue
        counts["opened"] += 1
        yield subject, content


def _inputs(contents: Contents, openings: Openings) -> dict[str, JsonValue]:
    """The documents of inputs by the digest of the content that is committed to: many decisions share one file.

    None where the content names a file that is not given.
    """
    found: dict[str, JsonValue] = {}
    for (purpose, _), content in contents.items():
        if purpose == "inputs" and (digest := canonical.digest(content)) not in found:
            found[digest] = document_of(content, openings)
    return found


def _rest_on(inputs: Iterable[JsonValue], documents: Iterable[JsonValue]) -> Iterator[Subject]:
    """Yield the contributions that inputs and results name."""
    for content in inputs:
        listed = content.get("contributions") if isinstance(content, dict) else None
        for row in listed if isinstance(listed, list) else []:
            if isinstance(row, list) and row and isinstance(row[0], str):
                yield "contribution", row[0]
    for document in documents:
        for name in contributions_of(document):
            yield "contribution", name


# ---- what judges said under seal ----


def _check_reviews(report: Report, found: Found, contents: Contents) -> None:
    check = report.check("reviews", "What judges said under seal is what the decisions say they said")
    compared = 0
    for review, (entry, said) in found.reviews.items():
        content = contents.get(("feedback", review))
        if content is None:
            continue
        compared += 1
        sealed = content if isinstance(content, dict) else {}
        if (sealed.get("verdict"), sealed.get("score")) != (said.verdict, said.score):
            words = f"{short(sealed.get('verdict'))} with {short(sealed.get('score'))}"
            check.error(
                f"Review {review} said {words}; the decision says {said.verdict} with {said.score}.", entry=entry
            )
        elif sealed.get("scores") != said.scores:
            check.error(f"Review {review} gave other scores than the decision says.", entry=entry)
    check.skipped = bool(found.reviews) and not compared
    check.evidence = f"reviews compared: {compared} of {len(found.reviews)}"


# ---- what a method decided ----


@dataclass(slots=True)
class _Run:
    """What running a method again on one document of inputs gave."""

    judged: dict[str, Judged] = field(default_factory=dict)
    """By contribution."""
    failure: CrowdLedgerError | None = None
    missing: str = ""
    """``erased`` or ``withheld``: why an answer that the document lists is not there."""


def _check_decisions(
    report: Report, replay: Replay, found: Found, contents: Contents, inputs: dict[str, JsonValue]
) -> None:
    check = report.check("methods", "Decisions by a method are those that it makes of the opened answers")
    counts: Counter[str] = Counter()
    runs: dict[str, _Run] = {}
    answered = _answered(replay.book.facts)
    for entry, decision in found.decisions:
        if ("inputs", decision.id) not in contents:
            counts["erased" if ("inputs", decision.id) in replay.book.facts.erased else "withheld"] += 1
        elif decision.method.type not in ("consensus", "gold"):
            counts["failed"] += 1
        else:
            digest = canonical.digest(contents["inputs", decision.id])
            document = inputs[digest]
            if document is None:
                counts["withheld"] += 1
                continue
            if digest not in runs:
                runs[digest] = _run(replay.book.facts, contents, document)
                if left_out := _left_out(replay.book.facts, answered, document):
                    words = f"The inputs leave out {left_out} answers to the same tasks that were there before."
                    check.add("warning", words, entry=entry)
            counts[_compare(check, runs[digest], entry, decision, document)] += 1
    check.skipped = bool(found.decisions) and not counts["same"] + counts["wrong"]
    check.evidence = (
        f"run again with the same outcome: {counts['same']} of {len(found.decisions)}; no longer verifiable, because "
        f"of what was erased: {counts['erased']}; not opened: {counts['withheld']}; cannot be run: {counts['failed']}; "
        f"without inputs to run them again from: {found.unfounded}"
    )
    if counts["erased"]:
        check.add("note", f"{counts['erased']} decisions rest on erased contents and are no longer verifiable.")
    for why in sorted({str(run.failure) for run in runs.values() if isinstance(run.failure, ConfigError)}):
        check.add("note", f"Some decisions could not be run again. {why}")


def _compare(check: Check, run: _Run, entry: int, decision: DecisionMade, document: JsonValue) -> str:
    """Compare a decision with the run of its inputs; how it is counted."""
    if isinstance(run.failure, ConfigError):
        return "failed"
    if run.failure is not None:
        check.error(f"The inputs of the decision cannot be run: {run.failure.detail}", entry=entry)
        return "wrong"
    method = document.get("method") if isinstance(document, dict) else None
    said: JsonValue = {
        "name": decision.method.name,
        "version": decision.method.version,
        "parameters": {**(decision.method.parameters or {})},
    }
    if method != said:
        words = f"The decision names {short(said)}, its inputs were made for {short(method)}."
        check.error(words, entry=entry)
        return "wrong"
    named = decision.method.name
    one = run.judged.get(decision.contribution)
    if one is None:
        check.error("The decision's inputs do not list the contribution that it decides.", entry=entry)
        return "wrong"
    if one.verdict == "no_longer_verifiable":
        return run.missing
    if (one.verdict, one.score) != (decision.verdict, score_millionths(decision.score)):
        check.error(
            f"From the opened answers {named} makes {one.verdict} with {format_score(one.score)} ({one.reason}); "
            f"the decision says {decision.verdict} with {decision.score}.",
            entry=entry,
        )
        return "wrong"
    return "same"


def _run(facts: Facts, contents: Contents, document: JsonValue) -> _Run:
    needed = set(_rest_on([document], ()))
    missing = "erased" if {each for each in needed if each not in contents} <= facts.erased else "withheld"
    try:
        judged = rerun(document, list(_answers(facts, contents, document)))
    except (FormatError, FieldError, ConfigError) as error:
        return _Run(failure=error)
    return _Run({one.contribution: one for one in judged}, missing=missing)


def _answered(facts: Facts) -> dict[str, list[Contribution]]:
    """By task: the answers in force, without those that were erased and could not be read."""
    found: dict[str, list[Contribution]] = {}
    for one in facts.contributions.values():
        in_force = one.replaced_by is None and not one.withdrawn and ("contribution", one.id) not in facts.erased
        if one.task is not None and in_force:
            found.setdefault(one.task, []).append(one)
    return found


def _left_out(facts: Facts, answered: dict[str, list[Contribution]], document: JsonValue) -> int:
    """How many answers to a document's tasks it does not list, though it lists later ones."""
    names = {name for _, name in _rest_on([document], ())}
    listed = [known for name in names if (known := facts.contributions.get(name)) is not None]
    last = max((known.index for known in listed), default=0)
    tasks = {known.task for known in listed if known.task is not None}
    return sum(one.index < last and one.id not in names for task in tasks for one in answered.get(task, []))


def _answers(facts: Facts, contents: Contents, document: JsonValue) -> Iterator[Answer]:
    """Yield the opened answers of an inputs' document, as the log has them."""
    name = document.get("field") if isinstance(document, dict) else None
    for subject in _rest_on([document], ()):
        known = facts.contributions.get(subject[1])
        if known is None:
            raise FormatError(f"The inputs list a contribution {subject[1]} that the log does not have.")
        if subject in contents:
            label = label_of(contents[subject], name if isinstance(name, str) else None)
            yield Answer(known.id, known.task or "", known.contributor, label, known.at_ms)
