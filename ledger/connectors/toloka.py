"""Toloka: results as TSV, assignments of its API as JSON, and its webhooks.

- TSV: toloka.ai/docs/guide/result-of-eval, columns ``INPUT: OUTPUT: GOLDEN: HINT: ASSIGNMENT:``, a task a row.
- API: toloka.ai/docs/api/get-assignment-id, an assignment with its tasks and solutions; bonuses of ``/user-bonuses``.
- Webhooks: toloka.ai/docs/api/notifications, signed as toloka.ai/docs/api/authentication says.

Toloka accepts, rejects and pays a whole assignment, so that is the contribution here. With the option ``unit=task``
each task of it is one, for consensus over tasks; what is paid for a task is then the campaign's own affair.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, NamedTuple

from ledger.connectors import rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.reading import lines, tables
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, Skipped, TaskRecord
from ledger.connectors.verdicts import Bonuses, decision
from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue

_TITLE: Final = "Toloka"
_COLUMNS: Final = frozenset({"ASSIGNMENT:assignment_id", "ASSIGNMENT:worker_id", "ASSIGNMENT:status"})
_TSV: Final = FileForm("results", (".tsv",), _COLUMNS)
_JSON: Final = FileForm(
    "assignments", (".json", ".jsonl"), frozenset({"id", "task_suite_id", "pool_id", "user_id", "tasks", "solutions"})
)
_REPLIES: Final = FileForm("replies", (".jsonl",), frozenset({"items", "has_more"}))
_UNFINISHED: Final = frozenset({"ACTIVE", "SKIPPED", "EXPIRED"})
_SIGNATURE_FIELDS: Final = frozenset({"v", "ts", "sign"})
_MAX_TASKS: Final = 10_000


class _Work(NamedTuple):
    """An assignment, read from either form."""

    line: int
    id: str
    suite: str | None
    worker: str
    status: str
    comment: str
    at: object
    tasks: list[tuple[str | None, dict[str, JsonValue], dict[str, JsonValue]]]
    """Id, what was shown, what was answered."""


class TolokaHook:
    """``ASSIGNMENT_SUBMITTED``, ``_APPROVED`` and ``_REJECTED``; the assignment is asked for, as events hold ids."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """``Toloka-Signature: {v=1, ts=<ms>, sign=<hex>}``: HMAC-SHA256 over ``ts.v.body``."""
        text = delivery.headers.get("toloka-signature", "").strip().removeprefix("{").removesuffix("}")
        pairs = [part.strip().partition("=") for part in text.split(",")]
        fields = {name: value.strip() for name, _, value in pairs}
        if fields.keys() != _SIGNATURE_FIELDS or len(pairs) != len(fields):
            signing.refuse()
        at_ms, version = signing.digits(fields["ts"]), signing.digits(fields["v"])
        signed = f"{fields['ts']}.{version}.".encode() + delivery.body
        signing.check_hmac(signed, signing.from_hex(fields["sign"]), secrets)
        signing.check_fresh(at_ms, delivery.received_ms)
        return Verified(signing.body_id(delivery), at_ms)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """The assignments that the events name, as they are now."""
        body = rows.mapping(lines.parse(delivery.body.decode(errors="replace")), "delivery")
        events = [rows.mapping(event, "event") for event in rows.sequence(body.get("events"), "events")]
        kinds = ("ASSIGNMENT_SUBMITTED", "ASSIGNMENT_APPROVED", "ASSIGNMENT_REJECTED")
        named = dict.fromkeys(
            rows.path_id(e.get("assignment_id"), "assignment") for e in events if e.get("type") in kinds
        )
        if not named:
            return ()
        if ask is None:
            raise FormatError(
                "This hook cannot ask Toloka for the assignments.",
                remedy="Make the hook with the base_url https://toloka.dev/api/v1 and a token.",
            )
        found: list[Record] = []
        for number in named:
            work = _json_work(1, rows.mapping(ask(f"/assignments/{number}"), "assignment"))
            if work.id != number:
                raise FormatError("Toloka answered with another assignment.", remedy="Look at the hook's base_url.")
            record = _record(work, None, per_task=False)
            if isinstance(record, Record):
                found.append(record)
        return found


class Toloka:
    """Assignments of Tolokers, what was decided on them, and bonuses."""

    name = "toloka"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_TSV, _JSON, _REPLIES)
    hook: Hook | None = TolokaHook()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments; those under way, skipped or expired say nothing. Rows of one stand together in a TSV."""
        per_task = options.get("unit", "assignment") == "task"
        if form == _TSV:
            return _table(source, per_task)
        return _replies(source, per_task)


def _table(source: BinaryIO, per_task: bool) -> Iterator[Read]:
    found = tables.rows(source, "\t")
    for key, group in itertools.groupby(found, _key):
        several = list(itertools.islice(group, _MAX_TASKS + 1))
        refused = [row for row in several if isinstance(row, Refused)]
        rest = [row for row in several if isinstance(row, Row)]
        yield from refused
        if key is None or not rest:
            continue
        try:
            if len(several) > _MAX_TASKS:
                raise FormatError(f"The assignment has over {_MAX_TASKS} tasks.", remedy="Export a smaller pool.")
            yield _record(_table_work(rest), None, per_task)
        except FormatError as error:
            yield from (row.refuse(error.detail, error.remedy) for row in rest)


def _key(row: Row | Refused) -> str | None:
    if isinstance(row, Refused):
        return None
    missing = _COLUMNS - row.fields.keys()
    if missing:
        raise FormatError(f"The table has no column {min(missing)!r}.", remedy="Download the results with all columns.")
    return row.fields["ASSIGNMENT:assignment_id"]


def _table_work(several: list[Row]) -> _Work:
    first = several[0].fields
    if any(row.fields["ASSIGNMENT:status"] != first["ASSIGNMENT:status"] for row in several):
        raise FormatError("The rows of this assignment differ in their status.", remedy="Download the results again.")
    comment = first.get("ASSIGNMENT:public_comment") or first.get("ACCEPT:comment") or ""
    return _Work(
        line=several[0].line,
        id=rows.own_id(first["ASSIGNMENT:assignment_id"], "assignment"),
        suite=first.get("ASSIGNMENT:task_suite_id") or None,
        worker=rows.own_id(first["ASSIGNMENT:worker_id"], "worker"),
        status=first["ASSIGNMENT:status"],
        comment=comment,
        at=first.get("ASSIGNMENT:submitted"),
        tasks=[
            (
                row.fields.get("ASSIGNMENT:task_id") or None,
                rows.prefixed(row.fields, "INPUT:"),
                _parsed(rows.prefixed(row.fields, "OUTPUT:")),
            )
            for row in several
        ],
    )


def _parsed(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Fields that hold JSON, as arrays and objects do in Toloka's tables."""
    return {
        name: lines.parse(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
        for name, value in fields.items()
    }


def _replies(source: BinaryIO, per_task: bool) -> Iterator[Read]:
    """A list of assignments, or replies of the API a line: those with bonuses first."""
    bonuses = Bonuses()
    line = 0
    for item in lines.objects(source):
        if isinstance(item, Refused):
            yield item
            continue
        line = item.line
        value = item.value
        listed = value["items"] if isinstance(value, dict) and isinstance(value.get("items"), list) else [value]
        for each in listed if isinstance(listed, list) else ():
            try:
                fields = rows.mapping(each, "assignment")
                if "amount" in fields and "solutions" not in fields:
                    bonuses.add(rows.own_id(fields.get("assignment_id"), "assignment"), fields["amount"])
                else:
                    yield _record(_json_work(line, fields), bonuses, per_task)
            except FormatError as error:
                yield item.refuse(error.detail, error.remedy)
    for work in bonuses.left():
        yield Refused(line, f"A bonus was paid for {work}, which does not follow.", "Put bonuses before assignments.")


def _json_work(line: int, fields: Mapping[str, Any]) -> _Work:
    tasks = [rows.mapping(task, "task") for task in rows.sequence(fields.get("tasks") or [], "tasks")]
    solutions = [rows.mapping(each, "solution") for each in rows.sequence(fields.get("solutions") or [], "solutions")]
    status = str(fields.get("status"))
    if len(tasks) != len(solutions) and status not in _UNFINISHED:
        raise FormatError("The assignment has not as many solutions as tasks.", remedy="Ask the API for it again.")
    return _Work(
        line=line,
        id=rows.own_id(fields.get("id"), "assignment"),
        suite=rows.own_id(fields.get("task_suite_id"), "task suite"),
        worker=rows.own_id(fields.get("user_id"), "user"),
        status=status,
        comment=str(fields.get("public_comment") or ""),
        at=fields.get("submitted"),
        tasks=[
            (
                rows.own_id(task.get("id"), "task"),
                rows.mapping(task.get("input_values"), "input_values"),
                rows.mapping(solution.get("output_values"), "output_values"),
            )
            for task, solution in zip(tasks, solutions, strict=False)
        ],
    )


def _record(work: _Work, bonuses: Bonuses | None, per_task: bool) -> Record | Skipped:
    if work.status in _UNFINISHED:
        return Skipped(work.line, f"The assignment is {work.status.lower()}.")
    bonus = bonuses.take(work.id) if bonuses else None
    parts = _per_task(work) if per_task else [_whole(work)]
    decisions = [
        made
        for place, (_, given) in enumerate(parts)
        for made in _decisions(given.external_id, work, None if place else bonus)
    ]
    tasks = tuple(dict.fromkeys(task.external_id for task, _ in parts))
    shown = {task.external_id: task for task, _ in parts}
    return Record(work.line, tuple(shown[name] for name in tasks), tuple(given for _, given in parts), tuple(decisions))


def _whole(work: _Work) -> tuple[TaskRecord, ContributionRecord]:
    """The assignment as one: a task is the suite. Of one task the answer stands by itself, of several in a list."""
    shown: JsonValue = [inputs for _, inputs, _ in work.tasks]
    answered = [outputs for _, _, outputs in work.tasks]
    content: dict[str, JsonValue] = {**answered[0]} if len(answered) == 1 else {"solutions": list(answered)}
    task = TaskRecord(f"toloka:{work.suite or _digest(shown)}", {"tasks": shown})
    return task, ContributionRecord(
        f"toloka:{work.id}", work.worker, rows.timed(content, work.at), task=task.external_id
    )


def _per_task(work: _Work) -> list[tuple[TaskRecord, ContributionRecord]]:
    found = []
    for place, (number, inputs, outputs) in enumerate(work.tasks, 1):
        task = TaskRecord(f"toloka:{number or _digest(inputs)}", inputs)
        content = rows.timed(outputs, work.at)
        found.append(
            (task, ContributionRecord(f"toloka:{work.id}:{place}", work.worker, content, task=task.external_id))
        )
    return found


def _digest(shown: JsonValue) -> str:
    """A name for what has none: the same for the same input, whoever got it."""
    return hashlib.sha256(canonical.encode(shown)).hexdigest()[:32]


def _decisions(contribution: str, work: _Work, bonus: str | None) -> list[DecisionRecord]:
    if work.status in ("ACCEPTED", "APPROVED"):  # the API's word and the table's
        return [decision(contribution, "accepted", "accepted", work.comment, title=_TITLE, bonus=bonus)]
    if work.status == "REJECTED":
        return [decision(contribution, "rejected", "rejected", work.comment, title=_TITLE, bonus=bonus)]
    if work.status != "SUBMITTED":
        raise FormatError(f"'{work.status[:40]}' is no status of an assignment.", remedy="Export the results again.")
    return []


CONNECTORS: Final[tuple[Connector, ...]] = (Toloka(),)
