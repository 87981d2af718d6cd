"""What replies of MTurk's API mean: an assignment, the HIT that it was for, the bonuses that were paid for it.

docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI , operations GetHIT, ListBonusPayments, ListAssignmentsForHIT and
GetAssignment of version 2017-01-17. A file of such replies and a pull from the API come to the same records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.connectors import rows
from ledger.connectors.question_form import answers_of
from ledger.connectors.reading import lines
from ledger.connectors.reading.dates import moment
from ledger.connectors.records import ContributionRecord, DecisionRecord, Record, TaskRecord
from ledger.connectors.verdicts import Bonus, decision
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

TITLE: Final = "Amazon Mechanical Turk"
_JSON_ANSWERS: Final = "taskAnswers"
"""The answer that holds JSON, where the question was made of Crowd HTML elements."""
_ASKED: Final = ("HITId", "Title", "Description", "Keywords", "Reward", "Question")
"""Of a HIT: what a worker was shown. The rest changes while it is open, or is the requester's own."""


def hit_of(value: object) -> TaskRecord:
    """What a HIT asks, of a HIT as the API gives it."""
    fields = rows.mapping(value, "HIT")
    number = rows.own_id(fields.get("HITId"), "HITId")
    return TaskRecord(f"mturk:{number}", {name: fields[name] for name in _ASKED if fields.get(name)})


def assignment_of(
    line: int, fields: Mapping[str, Any], bonus: Bonus | None = None, task: TaskRecord | None = None
) -> Record:
    """An assignment as the API gives it, its answers in XML. Without ``task`` the HIT's id says what was asked."""
    if task is not None and task.external_id != f"mturk:{fields.get('HITId')}":
        raise FormatError("The assignment is of another HIT.", remedy="Ask the API for both again.")
    return record_of(line, fields, answers_of(str(fields.get("Answer") or "")), bonus, task)


def record_of(
    line: int,
    fields: Mapping[str, Any],
    answers: dict[str, JsonValue],
    bonus: Bonus | None = None,
    task: TaskRecord | None = None,
) -> Record:
    """An assignment with its answers by the names of the form's fields."""
    number = rows.own_id(fields.get("HITId"), "HITId")
    task = task or TaskRecord(f"mturk:{number}", {"HITId": number})
    assignment = f"mturk:{rows.own_id(fields.get('AssignmentId'), 'AssignmentId')}"
    contribution = ContributionRecord(
        external_id=assignment,
        contributor=rows.own_id(fields.get("WorkerId"), "WorkerId"),
        content=rows.timed(_with_json(answers), fields.get("SubmitTime")),
        task=task.external_id,
    )
    return Record(line, (task,), (contribution,), decisions_of(assignment, fields, bonus))


def decisions_of(assignment: str, fields: Mapping[str, Any], bonus: Bonus | None = None) -> tuple[DecisionRecord, ...]:
    """Approved and Rejected; what was approved when the time for it was over was looked at by nobody.

    A rejection can be taken back (ApproveAssignment with OverrideRejection), an approval cannot.
    """
    status = str(fields.get("AssignmentStatus") or "").strip()
    words = fields.get("RequesterFeedback")
    if status == "Approved":
        made = decision(
            assignment,
            status,
            "accepted",
            words,
            title=TITLE,
            method=_method(fields),
            bonus=bonus,
            before=("Rejected",),
        )
        return (made,)
    if status == "Rejected":
        return (decision(assignment, status, "rejected", words, title=TITLE, bonus=bonus),)
    if status not in ("", "Submitted"):
        raise FormatError(f"'{status[:40]}' is no status of an assignment.", remedy="Export the batch again.")
    if bonus is not None:
        raise FormatError(
            "A bonus was paid for an assignment that is not decided.", remedy="Import it again once it is approved."
        )
    return ()


def _method(fields: Mapping[str, Any]) -> Method | None:
    """By hand an assignment is approved before its time is over, or after it was rejected."""
    approved, due = str(fields.get("ApprovalTime") or ""), str(fields.get("AutoApprovalTime") or "")
    if not approved or not due or fields.get("RejectionTime"):
        return None
    return Method(type="model", name="mturk.auto-approval") if moment(approved) >= moment(due) else None


def _with_json(answers: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The same with the answers of Crowd HTML elements parsed; what is no JSON stays the text that the worker sent."""
    text = answers.get(_JSON_ANSWERS)
    if not isinstance(text, str) or not text.strip():
        return answers
    try:
        return {**answers, _JSON_ANSWERS: lines.parse(text)}
    except FormatError:
        return answers
