"""A requester's side of MTurk on this machine: AWS JSON 1.1 over HTTP, held to Amazon's own model of the service.

Requests and replies are checked against the shapes that botocore has for version 2017-01-17, so that nothing is asked
or answered here that MTurk does not know. What it holds is made of Amazon's published examples:
docs.aws.amazon.com/AWSMechTurk/latest/AWSMechanicalTurkRequester/RetrievingResults.html (assignment, answers),
docs.aws.amazon.com/AWSMechTurk/latest/AWSMechanicalTurkRequester/AccessMturk.html (HIT).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

QUESTION = """<HTMLQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd">
<HTMLContent><![CDATA[
<!DOCTYPE html>
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
<p>Describe the current weather where you live</p>
<p><textarea name="weather" cols="80" rows="3"></textarea></p>
</crowd-form>
]]>
</HTMLContent>
<FrameHeight>0</FrameHeight>
</HTMLQuestion>"""
_ANSWERS = """<?xml version="1.0" encoding="ASCII"?>
<QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd">
{answers}</QuestionFormAnswers>"""
_ANSWER = """  <Answer>
    <QuestionIdentifier>{name}</QuestionIdentifier>
    <FreeText>{text}</FreeText>
  </Answer>
"""
PLAIN = _ANSWERS.format(
    answers=_ANSWER.format(name="country", text="United States")
    + _ANSWER.format(name="weather", text="It's currently raining lightly")
)
CROWD_FORM = _ANSWERS.format(
    answers=_ANSWER.format(
        name="taskAnswers",
        text="""
      [
        {
          "country": "United States",
          "weather": "It's currently raining lightly"
        }
      ]
    """,
    )
)


def assignment(number: int, hit: str, worker: str = "AZ3456EXAMPLE", answer: str = PLAIN) -> dict[str, Any]:
    """One that was handed in, after the published example."""
    day = datetime(2019, 12, 1, tzinfo=UTC)
    return {
        "AssignmentId": f"{hit}456RVWYBAZW{number:02}EXAMPLE",
        "WorkerId": worker,
        "HITId": hit,
        "AssignmentStatus": "Submitted",
        "AcceptTime": day.replace(hour=12),
        "SubmitTime": day.replace(hour=13, minute=4, second=59),
        "AutoApprovalTime": day.replace(day=4, hour=13, minute=4, second=59),
        "Answer": answer,
    }


class Requester:
    """HITs with their assignments, and the bonuses that were paid. ``asked`` is what was asked, by operation."""

    def __init__(self) -> None:
        self.hits: dict[str, dict[str, Any]] = {}
        self.assignments: dict[str, dict[str, Any]] = {}
        self.bonuses: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failing: list[tuple[int, str]] = []
        """Status and code of the next answers."""
        self.most = 100
        """Things on a page."""
        self.endpoint = ""

    def hit(self, hit: str, reward: str = "0.10") -> str:
        """A HIT is made, after the published example."""
        self.hits[hit] = {
            "HITId": hit,
            "HITTypeId": "3TYPE00000EXAMPLE",
            "CreationTime": datetime(2019, 12, 1, 9, tzinfo=UTC),
            "Title": "Describe the weather",
            "Description": "Describe the current weather where you live",
            "Question": QUESTION,
            "Keywords": "",
            "HITStatus": "Reviewable",
            "MaxAssignments": 9,
            "Reward": reward,
            "AutoApprovalDelayInSeconds": 259_200,
            "AssignmentDurationInSeconds": 300,
            "RequesterAnnotation": "mine alone",
            "NumberOfAssignmentsCompleted": 0,
        }
        return hit

    def submit(self, number: int, hit: str, worker: str = "AZ3456EXAMPLE", answer: str = PLAIN) -> str:
        """A worker hands in; the assignment's id."""
        made = assignment(number, hit, worker, answer)
        self.assignments[made["AssignmentId"]] = made
        return str(made["AssignmentId"])

    def approve(self, number: str, words: str | None = None) -> None:
        """Approved, also what was rejected before (OverrideRejection)."""
        self._decide(number, "Approved", "ApprovalTime", words)

    def reject(self, number: str, words: str) -> None:
        """Rejected."""
        self._decide(number, "Rejected", "RejectionTime", words)

    def pay(self, number: str, amount: str) -> None:
        """A bonus."""
        paid = {"WorkerId": self.assignments[number]["WorkerId"], "BonusAmount": amount, "AssignmentId": number}
        self.bonuses.append({**paid, "Reason": "Thanks", "GrantTime": datetime(2019, 12, 5, tzinfo=UTC)})

    def _decide(self, number: str, status: str, when: str, words: str | None) -> None:
        given = self.assignments[number]
        given |= {"AssignmentStatus": status, when: datetime(2019, 12, 2, tzinfo=UTC)}
        if words is not None:
            given["RequesterFeedback"] = words

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The reply of an operation. Raises KeyError with an error code of MTurk's."""
        if operation == "GetHIT":
            return {"HIT": _known(self.hits, asked["HITId"], "AWS.MechanicalTurk.HITDoesNotExist")}
        if operation == "GetAssignment":
            code = "AWS.MechanicalTurk.AssignmentDoesNotExist"
            found = _known(self.assignments, asked["AssignmentId"], code)
            return {"Assignment": found, "HIT": self.hits[found["HITId"]]}
        if operation == "ListAssignmentsForHIT":
            _known(self.hits, asked["HITId"], "AWS.MechanicalTurk.HITDoesNotExist")
            of_hit = [each for each in self.assignments.values() if each["HITId"] == asked["HITId"]]
            return self._page(asked, "Assignments", of_hit)
        of = asked.get("AssignmentId")
        paid = [
            each
            for each in self.bonuses
            if of == each["AssignmentId"] or self.assignments[each["AssignmentId"]]["HITId"] == asked.get("HITId")
        ]
        return self._page(asked, "BonusPayments", paid)

    def _page(self, asked: dict[str, Any], member: str, things: list[Any]) -> dict[str, Any]:
        begin = int(asked.get("NextToken", "p0").removeprefix("p"))
        end = begin + min(self.most, asked.get("MaxResults", 10))
        page = {"NumResults": len(things[begin:end]), member: things[begin:end]}
        return page | ({"NextToken": f"p{end}"} if end < len(things) else {})


def _known(things: dict[str, dict[str, Any]], number: str, code: str) -> dict[str, Any]:
    if number not in things:
        raise KeyError(code)
    return things[number]


@contextmanager
def mturk(requester: Requester | None = None) -> Iterator[Requester]:
    """A requester whose API is at ``endpoint``."""
    requester = requester or Requester()
    model = botocore.session.get_session().get_service_model("mturk")
    prefix = f"{model.metadata['targetPrefix']}."

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers["X-Amz-Target"]
            assert target.startswith(prefix), target
            assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
            assert "/us-east-1/mturk-requester/aws4_request" in self.headers["Authorization"]
            shapes = model.operation_model(target.removeprefix(prefix))
            asked = json.loads(body)
            _check(asked, shapes.input_shape)
            requester.asked.append((shapes.name, asked))
            if requester.failing:
                status, code = requester.failing.pop(0)
                self._send(status, {"__type": code, "message": f"{code} said MTurk"})
                return
            try:
                reply = requester.answer(shapes.name, asked)
            except KeyError as missing:
                words = f"This does not exist. ({missing.args[0]})"
                self._send(400, {"__type": "RequestError", "Message": words, "TurkErrorCode": missing.args[0]})
                return
            _check(reply, shapes.output_shape)
            self._send(200, reply)

        def _send(self, status: int, reply: dict[str, Any]) -> None:
            body = json.dumps(reply, default=datetime.timestamp).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Said nowhere."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    requester.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield requester
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _check(values: dict[str, Any], shape: Any) -> None:
    report = ParamValidator().validate(values, shape)
    assert not report.has_errors(), report.generate_report()
