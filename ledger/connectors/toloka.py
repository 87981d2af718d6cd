"""Toloka: results as TSV, assignments of its API as JSON, and its webhooks.

- TSV: toloka.ai/docs/guide/result-of-eval, columns ``INPUT: OUTPUT: GOLDEN: HINT: ASSIGNMENT:``, a task a row.
- API: toloka.ai/docs/api/get-assignment-id, an assignment with its tasks and solutions; bonuses of ``/user-bonuses``.
- Webhooks: toloka.ai/docs/api/notifications, signed as toloka.ai/docs/api/authentication says.

Toloka accepts, rejects and pays a whole assignment, so that is the contribution here. With the option ``unit=task``
each task of it is one, for consensus over tasks; what is paid for a task is then the campaign's own affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, Literal, NamedTuple

from ledger.connectors import pulling, rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import MAX_PAGES, Mark, Platform, Pulled, Source, needed
from ledger.connectors.reading import lines, tables
from ledger.connectors.reading.tables import Row
from ledger.connectors.reading.text import MAX_RAW
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, Skipped, TaskRecord
from ledger.connectors.verdicts import Bonus, Bonuses, decision
from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue

_TITLE: Final = "Toloka"
_COLUMNS: Final = frozenset({"ASSIGNMENT:assignment_id", "ASSIGNMENT:worker_id", "ASSIGNMENT:status"})
_OPTIONS: Final = frozenset({"unit"})
_TSV: Final = FileForm("results", (".tsv",), _COLUMNS, _OPTIONS)
_JSON: Final = FileForm(
    "assignments",
    (".json", ".jsonl"),
    frozenset({"id", "task_suite_id", "pool_id", "user_id", "tasks", "solutions"}),
    _OPTIONS,
)
_REPLIES: Final = FileForm("replies", (".jsonl",), frozenset({"items", "has_more"}), _OPTIONS)
_UNFINISHED: Final = frozenset({"ACTIVE", "SKIPPED", "EXPIRED"})
_SIGNATURE_FIELDS: Final = frozenset({"v", "ts", "sign"})
_MAX_TASKS: Final = 10_000
_MAX_DAMAGED: Final = 100
_MAX_BONUSES: Final = 100
_PAGE: Final = 1_000


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
            fields = rows.mapping(ask(f"/assignments/{number}"), "assignment")
            if fields.get("id") != number:
                raise FormatError("Toloka answered with another assignment.", remedy="Look at the hook's base_url.")
            bonuses = _bonuses(ask, fields) if fields.get("status") != "SUBMITTED" else None
            record = _record(_json_work(1, fields), bonuses, per_task=False)
            if isinstance(record, Record):
                found.append(record)
        return found


class TolokaSource:
    """A pool's assignments by ascending id (toloka.ai/docs/api/result), each with its bonuses."""

    speaks: Literal["http"] = "http"
    address = "https://toloka.dev/api/v1"
    options: Mapping[str, str] = {
        "pool": "the id of the pool",
        "unit": "task: each task of an assignment is a contribution of its own",
        "bonuses": "no: bonuses are not asked for",
    }

    def headers(self, token: str) -> Mapping[str, str]:
        """An OAuth token of the requester."""
        return {"Authorization": f"OAuth {token}"}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """All that was submitted, accepted or rejected: an old assignment may be decided, or paid a bonus, any day."""
        per_task = options.one_of("unit", "assignment", "task") == "task"
        with_bonuses = options.one_of("bonuses", "yes", "no") == "yes"
        line = 0
        for value in _pages(ask, needed(options, "pool", self)):

            def record(line: int, fields: Mapping[str, Any]) -> Record | Skipped:
                # One on what is not decided yet waits for the decision.
                asked = with_bonuses and fields.get("status") != "SUBMITTED"
                bonuses = _bonuses(ask, fields) if asked else None
                return _record(_json_work(line, fields), bonuses, per_task)

            line += 1
            yield pulling.read(line, value, record)
        yield Mark(line)


def _pages(ask: Ask, pool: str) -> Iterator[dict[str, JsonValue]]:
    """The assignments, a page after the other."""
    asked = {"pool_id": pool, "status": "SUBMITTED,ACCEPTED,REJECTED", "sort": "id", "limit": str(_PAGE)}
    last = ""
    for _ in range(MAX_PAGES):
        reply = rows.mapping(ask("/assignments", asked | ({"id_gt": last} if last else {})), "page")
        page = [rows.mapping(each, "assignment") for each in rows.sequence(reply.get("items"), "items")]
        yield from page
        if not reply.get("has_more"):
            return
        found = str(page[-1].get("id")) if page else last
        if found <= last:
            raise FormatError("Toloka answers with the same page again.", remedy="Look at --from.")
        last = found
    raise FormatError(f"The pool has over {_PAGE * MAX_PAGES} assignments.", remedy="Pull smaller pools.")


def _bonuses(ask: Ask, fields: Mapping[str, Any]) -> Bonuses:
    """The bonuses that an assignment names (toloka.ai/docs/api/get-one-bonus)."""
    bonuses = Bonuses()
    named = list(dict.fromkeys(map(str, rows.sequence(fields.get("bonus_ids") or [], "bonus_ids"))))
    if len(named) > _MAX_BONUSES:
        raise FormatError(f"The assignment names over {_MAX_BONUSES} bonuses.", remedy="Import its replies as a file.")
    for each in named:
        bonus = rows.mapping(ask(f"/user-bonuses/{rows.path_id(each, 'bonus')}"), "bonus")
        if bonus.get("assignment_id") != fields.get("id"):
            raise FormatError("A bonus that it names is another assignment's.", remedy="Look at it at Toloka.")
        bonuses.add(rows.own_id(fields.get("id"), "assignment"), bonus.get("amount"))
    return bonuses


class Toloka:
    """Assignments of Tolokers, what was decided on them, and bonuses."""

    name = "toloka"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_TSV, _JSON, _REPLIES)
    hook: Hook | None = TolokaHook()
    source: Source | None = TolokaSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments; those under way, skipped or expired say nothing. Rows of one stand together in a TSV."""
        per_task = options.one_of("unit", "assignment", "task") == "task"
        if form == _TSV:
            return _table(source, per_task)
        return _replies(source, per_task)


def _table(source: BinaryIO, per_task: bool) -> Iterator[Read]:
    """Row by row. Never half an assignment: a row that cannot be read may be of the one before it or of the next."""
    group: list[Row] = []
    is_broken = False
    damaged: list[Refused] = []
    held: list[Refused] = []  # those behind the group's first row wait for the group: lines are told in order
    for row in tables.rows(source, "\t"):
        if isinstance(row, Refused):
            held.append(row)
            is_broken = is_broken or (bool(group) and _may_be_of(row, group[0]))
            damaged = [*damaged[-_MAX_DAMAGED:], row]
            if not group or len(held) > _MAX_DAMAGED:
                yield from held
                held.clear()
            continue
        key = _key(row)
        if group and key != _key(group[0]):
            yield from sorted([*_grouped(group, is_broken, per_task), *held], key=lambda each: each.line)
            group, is_broken = [], False
            held.clear()
        is_broken = is_broken or len(damaged) > _MAX_DAMAGED or any(_may_be_of(each, row) for each in damaged)
        damaged.clear()
        if len(group) <= _MAX_TASKS:
            group.append(row)
    if group:
        yield from sorted([*_grouped(group, is_broken, per_task), *held], key=lambda each: each.line)


def _may_be_of(damaged: Refused, row: Row) -> bool:
    """Whether a row that cannot be read may belong to the assignment of one that can."""
    parts = damaged.raw.split("\t")
    is_cut = len(parts) < len(row.fields) or len(damaged.raw) >= MAX_RAW
    return is_cut or any(part.strip('"') == _key(row) for part in parts)


def _grouped(group: list[Row], is_broken: bool, per_task: bool) -> Iterator[Read]:
    try:
        if len(group) > _MAX_TASKS:
            raise FormatError(f"The assignment has over {_MAX_TASKS} tasks.", remedy="Export a smaller pool.")
        if is_broken:
            raise FormatError(
                "A row beside it cannot be read and may be of the same assignment.",
                remedy="Download the results again.",
            )
        yield _record(_table_work(group), None, per_task)
    except FormatError as error:
        yield from (row.refuse(error.detail, error.remedy) for row in group)


def _key(row: Row) -> str:
    missing = _COLUMNS - row.fields.keys()
    if missing:
        raise FormatError(f"The table has no column {min(missing)!r}.", remedy="Download the results with all columns.")
    return row.fields["ASSIGNMENT:assignment_id"]


def _table_work(several: list[Row]) -> _Work:
    first = several[0].fields
    for name in ("status", "worker_id"):
        if any(row.fields[f"ASSIGNMENT:{name}"] != first[f"ASSIGNMENT:{name}"] for row in several):
            remedy = "Download the results again."
            raise FormatError(f"The rows of this assignment differ in their {name}.", remedy=remedy)
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
    return {name: rows.json_or_text(str(value)) for name, value in fields.items()}


def _replies(source: BinaryIO, per_task: bool) -> Iterator[Read]:
    """A list of assignments, or replies of the API a line: those with bonuses first."""
    bonuses = Bonuses()
    paid: set[str] = set()
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
                    number, work = fields.get("id"), rows.own_id(fields.get("assignment_id"), "assignment")
                    if number is None or str(number) not in paid:  # pages overlap when one is paid meanwhile
                        bonuses.add(work, fields["amount"])
                    paid.add(str(number))
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


def _decisions(contribution: str, work: _Work, bonus: Bonus | None) -> list[DecisionRecord]:
    if work.status in ("ACCEPTED", "APPROVED"):  # the API's word and the table's
        words, before = work.comment, ("rejected",)  # an appeal is granted by accepting what was rejected
        return [decision(contribution, "accepted", "accepted", words, title=_TITLE, bonus=bonus, before=before)]
    if work.status == "REJECTED":
        return [decision(contribution, "rejected", "rejected", work.comment, title=_TITLE, bonus=bonus)]
    if work.status != "SUBMITTED":
        raise FormatError(f"'{work.status[:40]}' is no status of an assignment.", remedy="Export the results again.")
    if bonus is not None:
        raise FormatError(
            "A bonus was paid for an assignment that is not decided.", remedy="Import it again once it is accepted."
        )
    return []


CONNECTORS: Final[tuple[Connector, ...]] = (Toloka(),)
