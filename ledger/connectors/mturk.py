"""Amazon Mechanical Turk: batch results (CSV), replies of its API, and its events by way of Amazon SNS.

- Batch results: the requester page's file, columns as for ``GetAssignment``; Turkle and others write the same shape.
- API: JSON, or JSON Lines of the replies of ``ListBonusPayments`` and then ``ListAssignmentsForHIT``
  (docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI), as boto3 gives them.
- Events: docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_NotificationAPI_ElementsOfANotification.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from ledger.connectors import rows, sns
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.question_form import answers_of
from ledger.connectors.reading import lines
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, Skipped, TaskRecord
from ledger.connectors.verdicts import Bonuses, decision
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

_TITLE: Final = "Amazon Mechanical Turk"
_COLUMNS: Final = frozenset({"HITId", "AssignmentId", "WorkerId", "AcceptTime", "SubmitTime"})
_BATCH: Final = FileForm("batch-results", (".csv",), _COLUMNS)
_PAGES: Final = FileForm("assignments", (".json", ".jsonl"), frozenset({"Assignments"}))
_PAID: Final = FileForm("bonuses-and-assignments", (".json", ".jsonl"), frozenset({"BonusPayments"}))
_FLAT: Final = FileForm("assignment-list", (".json", ".jsonl"), _COLUMNS | {"AssignmentStatus", "Answer"})
_EVENTS: Final = FileForm("events", (".json", ".jsonl"), frozenset({"Events", "EventDocId"}))
_JSON_ANSWERS: Final = "taskAnswers"
"""The column that holds JSON, where the question was made of Crowd HTML elements."""


class MturkHook:
    """Events of HIT types, subscribed by SNS over https."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """SNS's own signature; each secret is the topic's ARN, a line end, and SNS's certificate (PEM)."""
        return sns.verify(delivery, secrets)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """Submissions (asked for, as an event does not say whose it is) and decisions; other events say nothing."""
        events = rows.sequence(rows.mapping(lines.parse(sns.message(delivery)), "message").get("Events"), "Events")
        found = (_event(rows.mapping(event, "event"), ask) for event in events)
        return [record for record in found if record is not None]


class Mturk:
    """Assignments of workers, what was decided on them, and the bonuses that were paid."""

    name = "mturk"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_BATCH, _PAGES, _PAID, _FLAT, _EVENTS)
    hook: Hook | None = MturkHook()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments. Bonuses come before the assignments that they were paid for."""
        if form == _BATCH:
            return rows.table(source, sorted(_COLUMNS), _batch_row)
        if form == _EVENTS:
            return rows.items(source, _message)
        return _replies(source)


def _batch_row(row: Row) -> Record:
    shown = rows.prefixed(row.fields, "Input.")
    answers = rows.prefixed(row.fields, "Answer.")
    if text := str(answers.get(_JSON_ANSWERS, "")).strip():
        answers[_JSON_ANSWERS] = lines.parse(text)
    return _record(row.line, row.fields, answers, None, shown)


def _message(item: Item) -> Record | Skipped:
    """A message of a queue (SQS). Submissions are passed over: a message does not say whose they are."""
    events = [
        rows.mapping(e, "event") for e in rows.sequence(rows.mapping(item.value, "message").get("Events"), "Events")
    ]
    decided = [_event(event, None) for event in events if event.get("EventType") != "AssignmentSubmitted"]
    made = tuple(each for record in decided if record is not None for each in record.decisions)
    return Record(item.line, decisions=made) if made else Skipped(item.line, "No event of it decides anything.")


def _replies(source: BinaryIO) -> Iterator[Read]:
    bonuses = Bonuses()
    line = 0
    for item in lines.objects(source):
        if isinstance(item, Refused):
            yield item
            continue
        line = item.line
        try:
            reply = rows.mapping(item.value, "reply")
            for paid in rows.sequence(reply.get("BonusPayments", []), "BonusPayments"):
                payment = rows.mapping(paid, "bonus payment")
                bonuses.add(rows.own_id(payment.get("AssignmentId"), "AssignmentId"), payment.get("BonusAmount"))
            listed = [reply] if "AssignmentId" in reply else rows.sequence(reply.get("Assignments", []), "Assignments")
        except FormatError as error:
            yield item.refuse(error.detail, error.remedy)
            continue
        for each in listed:
            try:
                yield _assignment(line, rows.mapping(each, "assignment"), bonuses)
            except FormatError as error:
                yield item.refuse(error.detail, error.remedy)
    for work in bonuses.left():
        yield Refused(
            line,
            f"A bonus was paid for the assignment {work}, which does not follow.",
            "Put bonuses first.",
        )


def _assignment(line: int, fields: Mapping[str, Any], bonuses: Bonuses | None = None) -> Record:
    """An assignment as the API gives it; its answers are XML."""
    bonus = bonuses.take(str(fields.get("AssignmentId"))) if bonuses else None
    return _record(line, fields, answers_of(str(fields.get("Answer") or "")), bonus)


def _record(
    line: int,
    fields: Mapping[str, Any],
    answers: dict[str, JsonValue],
    bonus: str | None,
    shown: dict[str, JsonValue] | None = None,
) -> Record:
    hit = f"mturk:{rows.own_id(fields.get('HITId'), 'HITId')}"
    assignment = f"mturk:{rows.own_id(fields.get('AssignmentId'), 'AssignmentId')}"
    contribution = ContributionRecord(
        external_id=assignment,
        contributor=rows.own_id(fields.get("WorkerId"), "WorkerId"),
        content=rows.timed(answers, fields.get("SubmitTime")),
        task=hit,
    )
    # The API tells nothing of what a HIT showed: its content comes with the batch file, or as the requester adds it.
    tasks = (TaskRecord(hit, shown),) if shown is not None else (TaskRecord(hit, {"HITId": hit.partition(":")[2]}),)
    return Record(line, tasks, (contribution,), _decisions(assignment, fields, bonus))


def _decisions(assignment: str, fields: Mapping[str, Any], bonus: str | None) -> tuple[DecisionRecord, ...]:
    """Approved and Rejected; what was approved when the time for it was over was looked at by nobody."""
    status = str(fields.get("AssignmentStatus") or "").strip()
    words = fields.get("RequesterFeedback")
    if status == "Approved":
        return (decision(assignment, status, "accepted", words, title=_TITLE, method=_method(fields), bonus=bonus),)
    if status == "Rejected":
        return (decision(assignment, status, "rejected", words, title=_TITLE, bonus=bonus),)
    if status not in ("", "Submitted"):
        raise FormatError(f"'{status[:40]}' is no status of an assignment.", remedy="Export the batch again.")
    if bonus is not None:
        raise FormatError(
            "A bonus was paid for an assignment that is not decided.", remedy="Import it again once it is approved."
        )
    return ()


def _method(fields: Mapping[str, Any]) -> Method | None:
    approved, due = str(fields.get("ApprovalTime") or ""), str(fields.get("AutoApprovalTime") or "")
    return Method(type="model", name="mturk.auto-approval") if approved and approved == due else None


def _event(event: Mapping[str, Any], ask: Ask | None) -> Record | None:
    kind = event.get("EventType")
    if kind not in ("AssignmentSubmitted", "AssignmentApproved", "AssignmentRejected"):
        return None
    number = rows.path_id(event.get("AssignmentId"), "AssignmentId")
    if kind == "AssignmentSubmitted":
        if ask is None:
            raise FormatError(
                "The event does not say who submitted, and this hook cannot ask.",
                remedy="Make the hook with the base_url of a relay to GetAssignment, or import the batch's file.",
            )
        reply = rows.mapping(ask(f"/assignments/{number}"), "reply")
        return _assignment(1, rows.mapping(reply.get("Assignment", reply), "assignment"))
    status = str(kind).removeprefix("Assignment")
    return Record(1, decisions=_decisions(f"mturk:{number}", {"AssignmentStatus": status}, None))


CONNECTORS: Final[tuple[Connector, ...]] = (Mturk(),)
