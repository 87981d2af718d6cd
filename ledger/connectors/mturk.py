"""Amazon Mechanical Turk: batch results (CSV), replies of its API, its queue, and its events by way of Amazon SNS.

- Batch results: the requester page's file, columns as for ``GetAssignment``; Turkle and others write the same shape.
- API: JSON, or JSON Lines of the replies of ``GetHIT``, ``ListBonusPayments`` and then ``ListAssignmentsForHIT``
  (docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI), as boto3 gives them.
- Events: docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_NotificationAPI_ElementsOfANotification.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from ledger.connectors import rows, sns
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.mturk_pulling import DECIDING, MturkSource
from ledger.connectors.mturk_replies import TITLE, assignment_of, decisions_of, hit_of, record_of
from ledger.connectors.pulling import Source
from ledger.connectors.reading import lines
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import Read, Record, Refused, Skipped, TaskRecord
from ledger.connectors.verdicts import Bonuses
from ledger.errors import FormatError

_COLUMNS: Final = frozenset({"HITId", "AssignmentId", "WorkerId", "AcceptTime", "SubmitTime"})
_BATCH: Final = FileForm("batch-results", (".csv",), _COLUMNS)
_PAGES: Final = FileForm("assignments", (".json", ".jsonl"), frozenset({"Assignments"}))
_PAID: Final = FileForm("bonuses-and-assignments", (".json", ".jsonl"), frozenset({"BonusPayments"}))
_ASKED: Final = FileForm("hits-and-assignments", (".json", ".jsonl"), frozenset({"HIT"}))
_FLAT: Final = FileForm("assignment-list", (".json", ".jsonl"), _COLUMNS | {"AssignmentStatus", "Answer"})
_EVENTS: Final = FileForm("events", (".json", ".jsonl"), frozenset({"Events", "EventDocId"}))


class MturkHook:
    """Events of HIT types, subscribed by SNS over https."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """SNS's own signature; each secret is the topic's ARN, a line end, and SNS's certificate (PEM)."""
        return sns.verify(delivery, secrets)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """Submissions and decisions; other events say nothing. Where it can be asked, it says what is true by now."""
        events = rows.sequence(rows.mapping(lines.parse(sns.message(delivery)), "message").get("Events"), "Events")
        found = (_event(rows.mapping(event, "event"), ask) for event in events)
        return [record for record in found if record is not None]


class Mturk:
    """Assignments of workers, what was decided on them, and the bonuses that were paid."""

    name = "mturk"
    title = TITLE
    forms: tuple[FileForm, ...] = (_BATCH, _PAGES, _PAID, _ASKED, _FLAT, _EVENTS)
    hook: Hook | None = MturkHook()
    source: Source | None = MturkSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments. HITs and bonuses come before the assignments that they are of."""
        if form == _BATCH:
            return rows.table(source, sorted(_COLUMNS), _batch_row)
        if form == _EVENTS:
            return rows.items(source, _message)
        return _Replies().read(source)


def _batch_row(row: Row) -> Record:
    number = rows.own_id(row.fields["HITId"], "HITId")
    task = TaskRecord(f"mturk:{number}", rows.prefixed(row.fields, "Input."))
    return record_of(row.line, row.fields, rows.prefixed(row.fields, "Answer."), None, task)


def _message(item: Item) -> Record | Skipped:
    """A message of a queue (SQS). Submissions are passed over: a message does not say whose they are."""
    events = [
        rows.mapping(e, "event") for e in rows.sequence(rows.mapping(item.value, "message").get("Events"), "Events")
    ]
    decided = [_event(event, None) for event in events if event.get("EventType") != "AssignmentSubmitted"]
    made = tuple(each for record in decided if record is not None for each in record.decisions)
    return Record(item.line, decisions=made) if made else Skipped(item.line, "No event of it decides anything.")


class _Replies:
    """A file of replies, in the order in which they were asked for."""

    _MAX_HITS: Final = 1000

    def __init__(self) -> None:
        self._bonuses = Bonuses()
        self._hits: dict[str, TaskRecord] = {}

    def read(self, source: BinaryIO) -> Iterator[Read]:
        line = 0
        for item in lines.objects(source):
            if isinstance(item, Refused):
                yield item
                continue
            line = item.line
            try:
                listed = self._listed(rows.mapping(item.value, "reply"))
            except FormatError as error:
                yield item.refuse(error.detail, error.remedy)
                continue
            for each in listed:
                try:
                    yield self._assignment(line, rows.mapping(each, "assignment"))
                except FormatError as error:
                    yield item.refuse(error.detail, error.remedy)
        for work in self._bonuses.left():
            reason = f"A bonus was paid for the assignment {work}, which does not follow."
            yield Refused(line, reason, "Put bonuses first.")

    def _listed(self, reply: Mapping[str, Any]) -> list[Any]:
        """The assignments of a reply; what else it tells is kept for those that follow."""
        if "HIT" in reply:
            task = hit_of(reply["HIT"])
            if len(self._hits) >= self._MAX_HITS:
                self._hits.clear()
            self._hits[task.external_id] = task
        for paid in rows.sequence(reply.get("BonusPayments", []), "BonusPayments"):
            payment = rows.mapping(paid, "bonus payment")
            self._bonuses.add(rows.own_id(payment.get("AssignmentId"), "AssignmentId"), payment.get("BonusAmount"))
        if "Assignment" in reply:
            return [reply["Assignment"]]
        return [reply] if "AssignmentId" in reply else rows.sequence(reply.get("Assignments", []), "Assignments")

    def _assignment(self, line: int, fields: Mapping[str, Any]) -> Record:
        bonus = self._bonuses.take(str(fields.get("AssignmentId")))
        return assignment_of(line, fields, bonus, self._hits.get(f"mturk:{fields.get('HITId')}"))


def _event(event: Mapping[str, Any], ask: Ask | None) -> Record | None:
    kind = event.get("EventType")
    if kind not in DECIDING:
        return None
    number = rows.path_id(event.get("AssignmentId"), "AssignmentId")
    if ask is not None:
        return _asked(number, rows.mapping(ask(f"/assignments/{number}"), "reply"))
    if kind == "AssignmentSubmitted":
        raise FormatError(
            "The event does not say who submitted, and this hook cannot ask.",
            remedy="Make the hook with the base_url of a relay to GetAssignment, or run 'crowdledger pull mturk'.",
        )
    return Record(1, decisions=decisions_of(f"mturk:{number}", {"AssignmentStatus": kind.removeprefix("Assignment")}))


def _asked(number: str, reply: Mapping[str, Any]) -> Record:
    fields = rows.mapping(reply.get("Assignment", reply), "assignment")
    if fields.get("AssignmentId") != number:
        raise FormatError("The relay answered with another assignment.", remedy="Look at the hook's base_url.")
    hit = reply.get("HIT")
    return assignment_of(1, fields, None, hit_of(hit) if isinstance(hit, dict) and hit.get("Question") else None)


CONNECTORS: Final[tuple[Connector, ...]] = (Mturk(),)
