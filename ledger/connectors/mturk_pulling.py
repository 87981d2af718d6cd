"""Work fetched from MTurk by the requester's own AWS credentials: the assignments of HITs, or what a queue tells of.

Notifications arrive at least once, in any order, and say neither who submitted nor what
(docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_NotificationReceptorAPI_SQSTransportArticle.html). So a
message only says where to look: MTurk is asked what is true now, and who forges a message gains nothing. A message is
taken off the queue when all that it told of is recorded; whatever cannot be used stays there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal

from ledger.connectors import rows
from ledger.connectors.connector import Options
from ledger.connectors.mturk_replies import assignment_of, hit_of
from ledger.connectors.pulling import MAX_PAGES, Mark, Platform, Pulled, read
from ledger.connectors.reading import lines
from ledger.connectors.reading.text import refused
from ledger.connectors.records import Read, Record, Refused, Skipped, TaskRecord
from ledger.connectors.verdicts import Bonuses
from ledger.errors import ConfigError, FormatError, UnavailableError

DECIDING: Final = ("AssignmentSubmitted", "AssignmentApproved", "AssignmentRejected")
"""The events that say something of an assignment that was handed in."""
_PAGE: Final = 100
_MESSAGES: Final = 10
_WAIT_SECONDS: Final = 2
_HIDDEN_SECONDS: Final = 900
"""How long a message is ours before the queue gives it to somebody again: a batch is recorded by then."""
_MAX_KNOWN_HITS: Final = 1000
_STAYS: Final = "It stays in the queue: mend what is wrong and it comes again, or take it off there."
_NOTHING: Final = "No event of it tells of an assignment that was submitted or decided."


class MturkSource:
    """``hit``: assignments and bonuses of these HITs, as they are now. ``queue``: what a queue's messages tell of."""

    speaks: Literal["http", "aws"] = "aws"
    address: str | None = "https://mturk-requester.us-east-1.amazonaws.com"
    options: Mapping[str, str] = MappingProxyType(
        {
            "hit": "the id of a HIT, or several with commas between",
            "queue": "the URL of an SQS queue that MTurk notifies",
            "sandbox": "yes for the requester sandbox",
        }
    )

    def headers(self, token: str) -> Mapping[str, str]:
        """For a relay that a webhook asks; MTurk itself takes requests that are signed with AWS's credentials."""
        return {"Authorization": f"Bearer {token}"}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """The assignments. Raises ConfigError unless one of the two options says where to look."""
        queue, hits = options.get("queue"), _hits(options.get("hit") or "")
        if bool(queue) == bool(hits):
            raise ConfigError("Where is the work?", remedy="Give --hit ID, as often as you like, or --queue URL.")
        return _Queue(ask, queue).messages() if queue else _of_hits(ask, hits)


def _hits(text: str) -> list[str]:
    names = dict.fromkeys(filter(None, (name.strip() for name in text.split(","))))
    return [rows.path_id(name, "HIT's id") for name in names]


def _of_hits(ask: Platform, hits: list[str]) -> Iterator[Pulled]:
    numbers, line = itertools.count(1), 0
    for hit in hits:
        try:
            for each in _assignments(ask, _hit(ask, hit), numbers):
                line = each.line
                yield each
        except FormatError as error:
            line = next(numbers)
            yield refused(line, f"The HIT {hit}: {error.detail}", error.remedy, hit)
        yield Mark(line)


def _hit(ask: Platform, number: str) -> TaskRecord:
    task = hit_of(rows.mapping(ask("GetHIT", {"HITId": number}), "reply").get("HIT"))
    if task.external_id != f"mturk:{number}":
        raise FormatError(
            "MTurk answered with another HIT.", remedy="Look at the endpoint that AWS is configured with."
        )
    return task


def _assignments(ask: Platform, task: TaskRecord, numbers: Iterator[int]) -> Iterator[Read]:
    """Bonuses are asked for first, so that each assignment comes with what was paid for it by then."""
    of = {"HITId": task.external_id.partition(":")[2]}
    bonuses = _bonuses(ask, of)
    for each in _pages(ask, "ListAssignmentsForHIT", of, "Assignments"):
        yield read(next(numbers), each, partial(_assignment, task=task, bonuses=bonuses))
    for work in bonuses.left():
        reason = f"A bonus was paid for the assignment {work}, which is not among those of its HIT."
        yield Refused(next(numbers), reason, "Look at the assignment on MTurk.", work)


def _assignment(line: int, fields: Mapping[str, Any], *, task: TaskRecord, bonuses: Bonuses) -> Record:
    """A bonus on what is not decided yet waits for the decision: it is listed again the next time."""
    bonus = bonuses.take(str(fields.get("AssignmentId")))
    return assignment_of(line, fields, None if fields.get("AssignmentStatus") == "Submitted" else bonus, task)


def _bonuses(ask: Platform, of: Mapping[str, str]) -> Bonuses:
    bonuses = Bonuses()
    for each in _pages(ask, "ListBonusPayments", of, "BonusPayments"):
        payment = rows.mapping(each, "bonus payment")
        bonuses.add(rows.own_id(payment.get("AssignmentId"), "AssignmentId"), payment.get("BonusAmount"))
    return bonuses


def _pages(ask: Platform, operation: str, of: Mapping[str, str], member: str) -> Iterator[Any]:
    """All things of a list, page by page. Raises FormatError for a list that leads back to itself."""
    query: dict[str, Any] = {**of, "MaxResults": _PAGE}
    for _ in range(MAX_PAGES):
        reply = rows.mapping(ask(operation, query), "reply")
        yield from rows.sequence(reply.get(member, []), member)
        token = reply.get("NextToken")
        if not token:
            return
        if token == query.get("NextToken"):
            break
        query["NextToken"] = token
    raise FormatError(f"{operation} does not come to an end.", remedy="Try again later.")


class _Queue:
    """The messages of one queue, until there is none."""

    def __init__(self, ask: Platform, url: str) -> None:
        self._ask = ask
        self._url = url
        self._tasks: dict[str, TaskRecord] = {}
        self._line = 0
        self._has_given = False

    def messages(self) -> Iterator[Pulled]:
        """What they tell of. When Amazon stops answering, what was handed over until then counts all the same."""
        try:
            yield from self._messages()
        except UnavailableError as error:
            if not self._has_given:
                raise
            yield refused(self._next(), error.detail, "What is left in the queue comes again.", "")

    def _messages(self) -> Iterator[Pulled]:
        """After each message a mark, which takes it off."""
        query = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": _MESSAGES,
            "WaitTimeSeconds": _WAIT_SECONDS,
            "VisibilityTimeout": _HIDDEN_SECONDS,
        }
        for _ in range(MAX_PAGES):
            reply = rows.mapping(self._ask("ReceiveMessage", query), "reply")
            found = rows.sequence(reply.get("Messages", []), "Messages")
            if not found:
                return
            for each in found:
                message = rows.mapping(each, "message")
                yield from self._reads(str(message.get("Body")))
                self._has_given = True
                yield Mark(self._line, done=self._taken_off(str(message["ReceiptHandle"])))

    def _taken_off(self, receipt: str) -> Callable[[], None]:
        def done() -> None:
            # One that cannot be taken off any more comes again: what it tells of is known then.
            with suppress(FormatError):
                self._ask("DeleteMessage", {"QueueUrl": self._url, "ReceiptHandle": receipt})

        return done

    def _reads(self, body: str) -> Iterator[Read]:
        try:
            numbers = told_of(body)
        except FormatError as error:
            yield refused(self._next(), f"A message of the queue: {error.detail}", _STAYS, body)
            return
        for number in numbers:
            yield read(self._next(), {"AssignmentId": number}, self._assignment)
        if not numbers:
            yield Skipped(self._next(), _NOTHING)

    def _next(self) -> int:
        self._line += 1
        return self._line

    def _assignment(self, line: int, told: Mapping[str, Any]) -> Record:
        number = str(told["AssignmentId"])
        reply = rows.mapping(self._ask("GetAssignment", {"AssignmentId": number}), "reply")
        fields = rows.mapping(reply.get("Assignment"), "assignment")
        if fields.get("AssignmentId") != number:
            raise FormatError("MTurk answered with another assignment.", remedy=_STAYS)
        bonuses = _bonuses(self._ask, {"AssignmentId": number})
        return _assignment(line, fields, task=self._task(rows.path_id(fields.get("HITId"), "HITId")), bonuses=bonuses)

    def _task(self, number: str) -> TaskRecord:
        if number not in self._tasks:
            if len(self._tasks) >= _MAX_KNOWN_HITS:
                self._tasks.clear()
            self._tasks[number] = _hit(self._ask, number)
        return self._tasks[number]


def told_of(body: str) -> list[str]:
    """The assignments that a message tells of, each once; one that came by an SNS topic has it in an envelope.

    Raises FormatError for what is no notification of MTurk's.
    """
    message = rows.mapping(lines.parse(body), "message")
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        message = rows.mapping(lines.parse(str(message["Message"])), "message")
    events = [rows.mapping(event, "event") for event in rows.sequence(message.get("Events"), "Events")]
    told = [event.get("AssignmentId") for event in events if event.get("EventType") in DECIDING]
    return list(dict.fromkeys(rows.path_id(each, "AssignmentId") for each in told))
