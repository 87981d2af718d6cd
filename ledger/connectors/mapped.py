"""Any table, JSON or sheet, by a saved mapping of its columns: for every system that has no connector of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import BinaryIO, Final

from ledger.connectors.connector import FileForm, Options
from ledger.connectors.mapping import DecisionMapping, Mapping
from ledger.connectors.reading.digits import bare
from ledger.connectors.reading.glance import Entry, entries, kind_of
from ledger.connectors.reading.lines import parse
from ledger.connectors.reading.money import money
from ledger.connectors.reading.text import rest
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, TaskRecord
from ledger.connectors.rows import own_id, timed
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Verdict
from ledger.statements.values import SCORE_DIGITS, SCORE_ONE, format_score

_HEAD_BYTES: Final = 4096
FORM: Final = FileForm("table", (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx"), frozenset())


@dataclass(frozen=True, slots=True)
class Mapped:
    """The connector that a mapping makes."""

    mapping: Mapping
    hook: None = None
    source: None = None
    title: str = "A table by its mapping"
    forms: tuple[FileForm, ...] = (FORM,)
    _named: frozenset[str] = field(init=False, repr=False, compare=False)
    """The columns that mean something by themselves."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_named", frozenset(self.mapping.columns() - set(self.mapping.contribution.json)))

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self.mapping.name

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The rows. Raises FormatError where the file is of no kind that can be read, or lacks a mapped column."""
        file = self.mapping.file
        head = source.read(_HEAD_BYTES)
        kind = kind_of(head)
        whole: BinaryIO = rest(head, source)
        if kind == "sheet":  # its directory stands at the end
            whole = source if source.seekable() else io.BytesIO(whole.read())
        first = True
        for entry in entries(whole, kind, member=file.member, sheet=file.sheet):
            if isinstance(entry, Refused):
                yield entry
                continue
            if first and kind != "json":  # members of objects may be left out, columns of tables are there
                self._check(entry)
            first = False
            try:
                yield self._record(entry)
            except FormatError as error:
                yield entry.refuse(error.detail, error.remedy)

    def _check(self, entry: Entry) -> None:
        missing = sorted(self.mapping.columns() - set(entry.fields))
        if missing:
            raise FormatError(f"There is no column {missing[0]!r}.", remedy="Change the mapping, or give another file.")

    def _record(self, entry: Entry) -> Record:
        fields, mapped = entry.fields, self.mapping.contribution
        own = _joined(fields, mapped.id)
        who = _text(fields.get(mapped.contributor))
        if not who.strip() and mapped.anonymous:
            who = f"anonymous:{own}"
        tasks: tuple[TaskRecord, ...] = ()
        task = None
        if self.mapping.task is not None:
            task = f"{self.name}:{_joined(fields, self.mapping.task.id)}"
            shown = self.mapping.task.content or self.mapping.task.id
            tasks = (TaskRecord(task, {name: self._value(fields, name) for name in shown}),)
        contribution = ContributionRecord(
            f"{self.name}:{own}", own_id(who, mapped.contributor), self._content(fields), task
        )
        mapped_decision = self.mapping.decision
        decision = None if mapped_decision is None else self._decision(fields, contribution, mapped_decision)
        return Record(entry.line, tasks, (contribution,), () if decision is None else (decision,))

    def _content(self, fields: dict[str, JsonValue]) -> JsonValue:
        mapped = self.mapping.contribution
        names = mapped.content
        if names is None:
            names = [name for name in fields if name not in self._named]
        content = {name: self._value(fields, name) for name in names if name in fields}
        at = "" if mapped.at is None else _text(fields.get(mapped.at))
        return timed(content, at, order=self.mapping.file.order, zone=self.mapping.file.zone) if at.strip() else content

    def _value(self, fields: dict[str, JsonValue], name: str) -> JsonValue:
        value = fields.get(name)
        if name in self.mapping.contribution.json and isinstance(value, str):
            return parse(value) if value.strip() else None
        return value

    def _decision(
        self, fields: dict[str, JsonValue], contribution: ContributionRecord, mapped: DecisionMapping
    ) -> DecisionRecord | None:
        word = _text(fields.get(mapped.verdict)).strip()
        verdict: Verdict
        if word in mapped.accepted:
            verdict = "accepted"
        elif word in mapped.rejected:
            verdict = "rejected"
        else:
            return None
        feedback = None if mapped.feedback is None else fields.get(mapped.feedback)
        bonus = "" if mapped.bonus is None else _text(fields.get(mapped.bonus)).strip()
        reviewer = "" if mapped.reviewer is None else _text(fields.get(mapped.reviewer)).strip()
        return DecisionRecord(
            contribution=contribution.external_id,
            verdict=verdict,
            external_id=contribution.external_id,
            score=None if mapped.score is None else _score(_text(fields.get(mapped.score))),
            # The log wants to be told why something was not accepted.
            feedback=feedback or ({"verdict": word} if verdict == "rejected" else None),
            reviewer=own_id(reviewer, mapped.reviewer or "") if reviewer else None,
            bonus=money(bonus, mapped.currency, decimal=self.mapping.file.decimal).amount if bonus else None,
        )


def _joined(fields: dict[str, JsonValue], names: list[str]) -> str:
    """An id of one or several columns, between which stands a slash; one within a column is written ``%2F``."""
    parts = [own_id(_text(fields.get(name)), name) for name in names]
    if len(parts) > 1:
        parts = [part.replace("%", "%25").replace("/", "%2F") for part in parts]
    return own_id("/".join(parts), names[0])


def _text(value: JsonValue) -> str:
    """A value that stands for a name, a word or a number. Raises FormatError for what has members."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise FormatError("A text was expected, not an object or a list.", remedy="Map another column.")
    return str(value)


def _score(text: str) -> str | None:
    """A number in [0, 1]; in other scales nobody can tell what it means. Raises FormatError."""
    shown = bare(text).removesuffix("%")
    if not shown:
        return None
    try:
        score = Decimal(shown) / (100 if "%" in text else 1)
        millionths = int(score * SCORE_ONE) if score.is_finite() and 0 <= score <= 1 else -1
    except InvalidOperation:
        millionths = -1
    if millionths < 0:
        raise FormatError(
            f"The score {text[:40]!r} is not from 0 to 1.", remedy=f"Give at most {SCORE_DIGITS} decimals, or percents."
        )
    return format_score(millionths)
