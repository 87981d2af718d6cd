"""Label Studio: JSON, JSON_MIN, CSV and TSV exports, and its webhooks. https://labelstud.io/guide/webhooks

Webhooks are trusted for a header with the hook's secret, which Label Studio sends as it was told. Of a delivery only
the task and the annotation are used; the project's settings, its token among them, are not kept.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, BinaryIO, Final, Literal

from ledger.connectors import rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import Mark, Platform, Pulled, Source, needed
from ledger.connectors.reading import lines
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.reading.text import rest
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Skipped, TaskRecord
from ledger.connectors.verdicts import decision
from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

_TITLE: Final = "Label Studio"
_OPTIONS: Final = frozenset({"answers"})
_JSON: Final = FileForm(
    "json", (".json", ".jsonl"), frozenset({"id", "annotations", "data", "project", "inner_id"}), _OPTIONS
)
_FLAT: Final = frozenset({"annotation_id", "annotator", "created_at", "id", "lead_time", "updated_at"})
_ROWS: Final = FileForm("rows", (".json_min", ".json", ".csv", ".tsv"), _FLAT, _OPTIONS)
_HEAD_BYTES: Final = 64
_SINGLE: Final = {"choices": "choices", "textarea": "text", "rating": "rating", "number": "number"}
"""Kinds of answer whose one value says all, and the member that holds it."""
_REVIEWS: Final = {"accepted": "accepted", "fixed_and_accepted": "accepted", "rejected": "rejected"}
_UPDATE_ID_DIGITS: Final = 16
_JWT_DOTS: Final = 2


class LabelStudioHook:
    """``TASKS_CREATED``, ``ANNOTATION_CREATED``, ``ANNOTATIONS_CREATED``, ``ANNOTATION_UPDATED``; else nothing."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """The secret in a header; no time is sent, so a delivery that comes again is known by its digest."""
        signing.check_secret_header(delivery, secrets)
        return Verified(signing.body_id(delivery), None)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """The tasks or annotations of one event. Raises FormatError for another body."""
        event = rows.mapping(lines.parse(delivery.body.decode(errors="replace")), "delivery")
        action = str(event.get("action"))
        if action == "TASKS_CREATED":
            return [Record(1, (_task(task),)) for task in rows.sequence(event.get("tasks"), "tasks")]
        if action == "ANNOTATIONS_CREATED":
            given = rows.sequence(event.get("annotations", event.get("annotation")), "annotations")
        elif action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED"):
            given = [event.get("annotation")]
        else:
            return ()
        tasks = event.get("task")
        several = tasks if isinstance(tasks, list) else [tasks]
        found = {str(rows.mapping(task, "task").get("id")): _task(task) for task in several}
        records = (_annotated(1, each, found, action == "ANNOTATION_UPDATED") for each in given)
        return [record for record in records if record is not None]


class LabelStudioSource:
    """A project's export (api.labelstud.io, "Easy export of tasks and annotations"), whole each time."""

    speaks: Literal["http"] = "http"
    address = None
    options: Mapping[str, str] = {"project": "the number of the project, as it stands in its address"}

    def headers(self, token: str) -> Mapping[str, str]:
        """A legacy token, or the access token that was got for a personal one, which has three parts."""
        return {"Authorization": f"{'Bearer' if token.count('.') == _JWT_DOTS else 'Token'} {token}"}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """All annotated tasks, as the JSON export has them."""
        project = needed(options, "project", self)
        line = 0
        with closing(ask.file(f"/api/projects/{project}/export", {"exportType": "JSON"})) as file:
            for read in rows.items(file, _item):
                line = read.line
                yield read
        yield Mark(line)


class LabelStudio:
    """Annotations, with the reviews and ground truths of its larger editions."""

    name = "label-studio"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_JSON, _ROWS)
    hook: Hook | None = LabelStudioHook()
    source: Source | None = LabelStudioSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """JSON has all that is known. In JSON_MIN, CSV and TSV the option ``answers`` (comma separated) names what was
        filled in; without it a row is taken whole as the answer, and there is no task.
        """
        answers = [name.strip() for name in (options.get("answers") or "").split(",") if name.strip()]
        if form == _JSON:
            return rows.items(source, _item)
        head = source.read(_HEAD_BYTES)
        whole = rest(head, source)
        if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{"):
            return rows.items(whole, lambda item: _flat(item.line, rows.mapping(item.value, "annotation"), answers))
        return rows.table(whole, sorted(_FLAT.union(answers)), lambda row: _flat_row(row, answers))


def _item(item: Item) -> Record | Skipped:
    value = rows.mapping(item.value, "task")
    task = _task(value)
    found = [
        record
        for each in rows.sequence(value.get("annotations"), "annotations")
        if (record := _annotated(item.line, each, {str(value.get("id")): task}, False)) is not None
    ]
    return Record(
        item.line,
        (task,),
        tuple(made for record in found for made in record.contributions),
        tuple(made for record in found for made in record.decisions),
    )


def _task(value: object) -> TaskRecord:
    task = rows.mapping(value, "task")
    return TaskRecord(f"label-studio:{rows.own_id(task.get('id'), 'task')}", task.get("data"))


def _annotated(line: int, value: object, tasks: Mapping[str, TaskRecord], update: bool) -> Record | None:
    """One annotation; None where it was skipped. An update is a contribution of its own that replaces the first."""
    annotation = rows.mapping(value, "annotation")
    if annotation.get("was_cancelled"):
        return None
    number = rows.own_id(annotation.get("id"), "annotation")
    of = annotation.get("task")
    task = next(iter(tasks.values()), None) if of is None and len(tasks) == 1 else tasks.get(str(of))
    if task is None:
        raise FormatError("The annotation comes without its task.", remedy="Let the webhook send its payload.")
    answers = _answers(rows.sequence(annotation.get("result"), "result"))
    content = rows.timed(answers, annotation.get("created_at"))
    first = f"label-studio:{number}"
    # With the time: an answer that was changed back is another version, the same delivery again is not.
    version = {"content": content, "at": annotation.get("updated_at")}
    digest = hashlib.sha256(canonical.encode(version)).hexdigest()[:_UPDATE_ID_DIGITS]
    contribution = ContributionRecord(
        external_id=f"{first}:{digest}" if update else first,
        contributor=_person(annotation.get("completed_by")),
        content=content,
        task=task.external_id,
        replaces=first if update else None,
    )
    return Record(line, (task,), (contribution,), _decisions(contribution.external_id, annotation))


def _person(value: object) -> str:
    """The annotator's number; some exports hold an object of it. Addresses are left out."""
    return rows.own_id(value.get("id") if isinstance(value, dict) else value, "annotator")


def _answers(result: list[JsonValue]) -> dict[str, JsonValue]:
    """By the name of the control that was answered, as JSON_MIN and CSV have it: a single choice as its text."""
    found: dict[str, list[JsonValue]] = {}
    for each in result:
        region = rows.mapping(each, "result")
        name = str(region.get("from_name") or region.get("type"))
        found.setdefault(name, []).append(_value(region))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _value(region: dict[str, JsonValue]) -> JsonValue:
    value = region.get("value")
    member = _SINGLE.get(str(region.get("type")))
    single: JsonValue = value.get(member) if isinstance(value, dict) and member and set(value) == {member} else None
    if isinstance(single, list) and len(single) == 1:
        return single[0]
    if single is not None and not isinstance(single, list):
        return single
    return {name: part for name, part in region.items() if name not in ("from_name", "to_name")}


def _decisions(contribution: str, annotation: Mapping[str, Any]) -> tuple[DecisionRecord, ...]:
    """A review's verdict, else that the annotation is the ground truth of its task."""
    review = _REVIEWS.get(str(annotation.get("last_action")))
    if review == "rejected":
        return (decision(contribution, "rejected", "rejected", title=_TITLE),)
    if review == "accepted":
        return (decision(contribution, "accepted", "accepted", title=_TITLE, before=("rejected",)),)
    if annotation.get("ground_truth") is True:
        method = Method(type="gold", name="label-studio.ground-truth")
        return (decision(contribution, "ground truth", "accepted", title=_TITLE, method=method),)
    return ()


def _flat_row(row: Row, answers: list[str]) -> Record:
    fields: dict[str, JsonValue] = {name: rows.json_or_text(text) for name, text in row.fields.items()}
    return _flat(row.line, fields, answers)


def _flat(line: int, fields: dict[str, JsonValue], answers: list[str]) -> Record:
    chosen = {name: fields[name] for name in answers if name in fields}
    shown = {name: value for name, value in fields.items() if name not in _FLAT}
    task = f"label-studio:{rows.own_id(fields.get('id'), 'task')}"
    contribution = ContributionRecord(
        external_id=f"label-studio:{rows.own_id(fields.get('annotation_id'), 'annotation_id')}",
        contributor=_person(fields.get("annotator")),
        content=rows.timed(chosen if answers else shown, fields.get("created_at")),
        task=task if answers else None,
    )
    data = {name: value for name, value in shown.items() if name not in chosen}
    return Record(line, (TaskRecord(task, data),) if answers else (), (contribution,))


CONNECTORS: Final[tuple[Connector, ...]] = (LabelStudio(),)
