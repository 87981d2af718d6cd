"""Zooniverse: the classification export (JSON inside CSV), and what Caesar posts to an external extractor.

https://help.zooniverse.org/next-steps/data-exports/ ; Caesar's body: github.com/zooniverse/caesar, docs/source/
includes/_caesar_data.md. The same classification has the same id and content by both ways;
who has no account is named by address in the export and not at all by Caesar, so use one way for one project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from ledger.connectors import rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import Source
from ledger.connectors.reading import lines
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, TaskRecord
from ledger.connectors.verdicts import decision
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

_TITLE: Final = "Zooniverse"
_COLUMNS: Final = frozenset(
    {"classification_id", "user_name", "user_id", "workflow_id", "workflow_version", "created_at", "metadata"}
    | {"annotations", "subject_data", "subject_ids"}
)
_MAX_REASON: Final = 100


class CaesarHook:
    """Caesar's external extractor, addressed as ``https://user:password@...``: the secret is ``user:password``."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """Basic authentication; Caesar signs no time, and a classification that comes again has the same id."""
        signing.check_basic(delivery, secrets)
        return Verified(signing.body_id(delivery), None)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """One classification. Raises FormatError for another body."""
        found = rows.mapping(lines.parse(delivery.body.decode(errors="replace")), "delivery")
        subject = rows.mapping(found.get("subject"), "subject")
        number = rows.own_id(subject.get("id"), "subject")
        metadata = found.get("metadata")
        at = metadata.get("finished_at") if isinstance(metadata, dict) else None
        grouped = rows.mapping(found.get("annotations"), "annotations")
        answers = [each for several in grouped.values() for each in rows.sequence(several, "annotations")]
        task = _task(found.get("workflow_id"), {number: rows.mapping(subject.get("metadata"), "subject's metadata")})
        contribution = ContributionRecord(
            external_id=f"zooniverse:{rows.own_id(found.get('id'), 'classification')}",
            contributor=_contributor(found.get("user_id"), None, found["id"]),
            content=rows.timed(_content(answers), at),
            task=task.external_id,
        )
        return (Record(1, (task,), (contribution,)),)


class Zooniverse:
    """Classifications of volunteers, those without an account included."""

    name = "zooniverse"
    title = _TITLE
    forms: tuple[FileForm, ...] = (FileForm("classifications", (".csv",), _COLUMNS),)
    hook: Hook | None = CaesarHook()
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The classifications; those of an expert and those of a retired subject are decided."""
        return rows.table(source, sorted(_COLUMNS), _record)


def _record(row: Row) -> Record:
    fields = row.fields
    number = rows.own_id(fields["classification_id"], "classification_id")
    subjects = {
        name: rows.mapping(data, "subject_data")
        for name, data in rows.mapping(_json(fields, "subject_data"), "subject_data").items()
    }
    task = _task(fields["workflow_id"], subjects)
    metadata = rows.mapping(_json(fields, "metadata"), "metadata")
    contribution = ContributionRecord(
        external_id=f"zooniverse:{number}",
        contributor=_contributor(fields["user_id"], fields["user_name"], number),
        content=rows.timed(
            _content(rows.sequence(_json(fields, "annotations"), "annotations")),
            metadata.get("finished_at") or fields["created_at"],
        ),
        task=task.external_id,
    )
    return Record(row.line, (task,), (contribution,), _decisions(contribution.external_id, fields, subjects))


def _json(fields: dict[str, str], name: str) -> JsonValue:
    try:
        return lines.parse(fields[name])
    except FormatError as error:
        raise FormatError(f"{name}: {error.detail}", remedy=error.remedy) from None


def _task(workflow: object, subjects: dict[str, dict[str, JsonValue]]) -> TaskRecord:
    """What was shown. A subject's metadata stay; whether it is retired changes, so it is no part of the task."""
    if not subjects:
        raise FormatError("It names no subject.", remedy="Export the classifications again.")
    shown: dict[str, JsonValue] = {
        rows.own_id(name, "subject"): {key: value for key, value in data.items() if key != "retired"}
        for name, data in subjects.items()
    }
    content: JsonValue = next(iter(shown.values())) if len(shown) == 1 else shown
    name = rows.own_id(f"{rows.own_id(workflow, 'workflow')}:{'+'.join(sorted(shown))}", "subject")
    return TaskRecord(f"zooniverse:{name}", content)


def _contributor(user_id: object, name: object, number: object) -> str:
    """The account's id; else the name that Zooniverse makes of an address; else a new person for every answer."""
    if user_id not in (None, ""):
        return rows.own_id(user_id, "user_id")
    return rows.own_id(name, "user_name") if name not in (None, "") else f"anonymous:{number}"


def _content(annotations: list[JsonValue]) -> dict[str, JsonValue]:
    """Task -> value, as the workflow names its tasks; the list of values where a task was answered more than once."""
    found: dict[str, list[JsonValue]] = {}
    for each in annotations:
        annotation = rows.mapping(each, "annotation")
        found.setdefault(rows.own_id(annotation.get("task"), "task"), []).append(annotation.get("value"))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _decisions(
    contribution: str, fields: dict[str, str], subjects: dict[str, dict[str, JsonValue]]
) -> tuple[DecisionRecord, ...]:
    if rows.truth(fields.get("gold_standard")):
        expert = fields.get("expert") or "unnamed"
        method = Method(type="gold", name="zooniverse.gold-standard", parameters={"expert": expert[:_MAX_REASON]})
        return (decision(contribution, "gold standard", "accepted", title=_TITLE, method=method),)
    retired: list[Any] = [data.get("retired") for data in subjects.values()]
    if not all(isinstance(each, dict) and each.get("retired_at") for each in retired):
        return ()
    reason = str(retired[0].get("retirement_reason") or "none given")[:_MAX_REASON]
    method = Method(type="consensus", name="zooniverse.retirement", parameters={"reason": reason})
    return (decision(contribution, "retired", "accepted", title=_TITLE, method=method),)


CONNECTORS: Final[tuple[Connector, ...]] = (Zooniverse(),)
