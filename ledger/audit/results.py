"""Published results, counted again: a result names the contributions that it was made from and what each said.

A result's document is that of ``ledger.consensus.tally``, or the reference ``{"sha256","bytes","type"}`` to a file
that holds one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.audit.committed import Found, Subject
from ledger.audit.openings import Openings
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.book.contributions import Contribution, Outcome, due_ms, outcome
from ledger.book.facts import Facts
from ledger.consensus.answers import label_of
from ledger.consensus.tally import MAKINGS, count
from ledger.errors import FieldError, FormatError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.results import ResultPublished
from ledger.statements.values import format_score

_FILE = {"sha256", "bytes", "type"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_SHOWN = 200
_UNSEEN: Final[JsonValue] = {"unseen": True}
"""Stands, by identity, for what nobody showed."""


def document_of(content: JsonValue, openings: Openings) -> JsonValue:
    """The document of an opened result; None where it is a file that is not given or not the one of its digest."""
    if not isinstance(content, dict) or content.keys() != _FILE:
        return content
    sha256 = content["sha256"]
    data = openings.document(sha256) if isinstance(sha256, str) and _DIGEST.fullmatch(sha256) else None
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        return None
    try:
        return canonical.decode(data)
    except FormatError:
        return None


def contributions_of(document: JsonValue) -> Iterator[str]:
    """Yield the contributions that a document names, in its order."""
    entries = document.get("entries") if isinstance(document, dict) else None
    for row in entries if isinstance(entries, list) else []:
        if isinstance(row, dict) and isinstance(row.get("contribution"), str):
            yield str(row["contribution"])


def check_results(
    report: Report,
    replay: Replay,
    found: Found,
    documents: Mapping[str, JsonValue],
    contents: Mapping[Subject, JsonValue],
) -> None:
    """Count every opened result again. ``documents`` are by result, None where the file is not given."""
    check = report.check("results", "Published results are those of the contributions that they name")
    counts: Counter[str] = Counter()
    facts = replay.book.facts
    for entry, statement in found.results:
        document = documents.get(statement.id)
        if document is None:
            counts["erased" if ("result", statement.id) in facts.erased else "withheld"] += 1
        elif statement.method.name not in MAKINGS:
            counts["other"] += 1
        else:
            at_ms = replay.at_ms[entry]
            wrong = _Recount(facts, entry, at_ms, statement, document, contents, counts).wrong()
            counts["counted"] += 1
            if wrong is None:
                counts["same"] += 1
                _check_choice(check, facts, entry, at_ms, statement, document)
            else:
                check.error(wrong, entry=entry)
    check.skipped = bool(found.results) and not counts["counted"]
    check.evidence = (
        f"counted again: {counts['same']} of {len(found.results)}; no longer verifiable, because erased: "
        f"{counts['erased']}; not opened: {counts['withheld']}; of a method of the platform's own: {counts['other']}; "
        f"values compared with what the log or the contents say: {counts['values']}, not compared: {counts['unseen']}"
    )


@dataclass(frozen=True, slots=True)
class _Recount:
    """One result with its entry and document; ``counts`` are of the values that were compared."""

    facts: Facts
    entry: int
    at_ms: int
    statement: ResultPublished
    document: JsonValue
    contents: Mapping[Subject, JsonValue]
    counts: Counter[str]

    def wrong(self) -> str | None:
        """The first thing that is wrong with the result, in words."""
        document = self.document
        entries = document.get("entries") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(entries, list):
            return "The result is not a document with entries."
        if document.get("method") != self.statement.method.name:
            return "The document was made by another method than the log says."
        try:
            tally = count(self.statement.method.name, entries)
            return self._wrong_names() or self._wrong_values(entries) or _wrong_tally(document.get("tally"), tally)
        except (FormatError, FieldError) as error:
            return error.detail

    def _wrong_names(self) -> str | None:
        names = list(contributions_of(self.document))
        listed: list[JsonValue] = [*names]
        if (len(names), canonical.digest(listed)) != (self.statement.count, self.statement.entries):
            return "The document names other contributions than the log says that it was made from."
        known = [self.facts.contributions.get(name) for name in names]
        campaign = self.statement.campaign
        places = [one.index for one in known if one is not None and one.campaign == campaign]
        if len(places) != len(names):
            return "The document names contributions that are not of this campaign."
        return None if places == sorted(places) else "The document names contributions out of the order of the log."

    def _wrong_values(self, entries: list[JsonValue]) -> str | None:
        for row in entries:
            assert isinstance(row, dict)  # ``count`` has read them all
            name, value = str(row["contribution"]), row["value"]
            known = self.facts.contributions[name]
            if "task" in row and row["task"] != (known.task or ""):
                return f"The document names another task for contribution {name}."
            said = self._said(known)
            if said is _UNSEEN:
                self.counts["unseen"] += 1
            elif said != value:
                return f"The document says {short(value)} for contribution {name}; it should be {short(said)}."
            else:
                self.counts["values"] += 1
        return None

    def _said(self, known: Contribution) -> JsonValue:
        """What the log or an opened content says of a contribution."""
        if self.statement.method.name == "ranking":
            stood = _stood(self.facts, known, self.entry, self.at_ms)
            if stood is not None and stood.accepted:
                return format_score(stood.score)
            return _UNSEEN if stood is None or known.decision is None else format_score(known.decision.score)
        content = self.contents.get(("contribution", known.id), _UNSEEN)
        if content is _UNSEEN or self.statement.method.name == "assembly":
            return content
        return label_of(content, (self.statement.method.parameters or {}).get("field"))


def _wrong_tally(said: JsonValue, counted: JsonValue) -> str | None:
    return None if said == counted else f"Counted again it is {short(counted)}; the document says {short(said)}."


def _stood(facts: Facts, one: Contribution, entry: int, at_ms: int) -> Outcome | None:
    """What a contribution counted as at an entry and its time, by the book's own outcome.

    None where the book no longer says it: an appeal was open or perhaps answered, or it was decided since.
    """
    campaign, decision, appeal = facts.campaigns[one.campaign], one.decision, one.appeal
    if decision is not None and decision.index > entry:
        return None
    if decision is None:
        return outcome(one, campaign) if at_ms > due_ms(one, campaign) else Outcome(False)
    if appeal is not None and appeal.index > entry:
        return Outcome(decision.verdict == "accepted", decision.score, decision.bonus)
    answered = appeal is not None and appeal.index < decision.index
    if appeal is not None and not answered and at_ms <= appeal.at_ms + campaign.resolution_ms:
        return None
    return outcome(one, campaign)


def _check_choice(
    check: Check, facts: Facts, entry: int, at_ms: int, statement: ResultPublished, document: JsonValue
) -> None:
    """Whether the result was made from what stood as accepted: what is left out, or taken in, changes a tally."""
    names = set(contributions_of(document))
    left_out = taken_in = 0
    for one in facts.contributions.values():
        if one.campaign != statement.campaign or one.index > entry:
            continue
        stood = _stood(facts, one, entry, at_ms)
        if stood is None:
            continue
        left_out += stood.accepted and one.id not in names and ("contribution", one.id) not in facts.erased
        taken_in += not stood.accepted and one.id in names
    if left_out or taken_in:
        check.add(
            "warning",
            f"The result leaves out {left_out} contributions that were accepted and counts {taken_in} that were not.",
            entry=entry,
        )


def short(value: JsonValue) -> str:
    """A value as canonical JSON, cut where it is long."""
    text = canonical.encode(value).decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
