from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors.connector import Options
from ledger.connectors.mturk_pulling import MturkSource, told_of
from ledger.connectors.pulling import Mark, Pulled
from ledger.connectors.records import Record, Refused, Skipped
from ledger.errors import ConfigError, FormatError, UnavailableError
from tests.services.mturk import CROWD_FORM, QUESTION, Requester
from tests.unit.connectors.files import read

HIT = "3HIT"


class Asked:
    """MTurk's replies with times as text, and a queue of messages; ``changed`` replaces what is answered."""

    def __init__(self, requester: Requester, *messages: object, **changed: Any) -> None:
        self.requester = requester
        self.waiting = [each if isinstance(each, str) else json.dumps(each) for each in messages]
        self.deleted: list[str] = []
        self.changed = changed

    def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        asked = dict(query or {})
        if path == "ReceiveMessage":
            taken, self.waiting = self.waiting[:10], self.waiting[10:]
            return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in taken]} if taken else {}
        if path == "DeleteMessage":
            if asked["ReceiptHandle"] == "{}":
                raise FormatError("The receipt handle has expired.")
            self.deleted.append(asked["ReceiptHandle"])
            return {}
        if path in self.changed:
            return self.changed[path]
        try:
            reply = self.requester.answer(path, asked)
        except KeyError as missing:
            raise FormatError(str(missing)) from None
        return json.loads(json.dumps(reply, default=str))

    def file(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        raise AssertionError(path)

    def sign_in(self, path: str, account: str) -> None:
        raise AssertionError(path)


def pulled(ask: Asked, **options: str) -> list[Pulled]:
    return list(MturkSource().pull(ask, Options(options or {"hit": HIT}), None))


def event(kind: str, number: object = "3HIT456RVWYBAZW01EXAMPLE") -> dict[str, object]:
    return {"Events": [{"EventType": kind, "AssignmentId": number, "HITId": HIT}], "EventDocId": "1"}


@pytest.fixture
def requester() -> Requester:
    made = Requester()
    made.hit(HIT)
    made.submit(1, HIT)
    return made


def test_a_task_is_what_was_asked_and_nothing_that_changes_meanwhile(requester: Requester) -> None:
    (record, mark) = pulled(Asked(requester))
    assert isinstance(record, Record)
    assert record.tasks[0].content == {
        "HITId": HIT,
        "Title": "Describe the weather",
        "Description": "Describe the current weather where you live",
        "Reward": "0.10",
        "Question": QUESTION,
    }
    assert mark == Mark(1)
    requester.hits[HIT] |= {"HITStatus": "Disposed", "MaxAssignments": 20, "RequesterAnnotation": "another"}
    assert pulled(Asked(requester)) == [record, mark]


def test_a_file_of_the_replies_comes_to_the_same_records(requester: Requester) -> None:
    requester.submit(2, HIT, "A2", CROWD_FORM)
    requester.approve(requester.submit(3, HIT, "A3"))
    requester.pay("3HIT456RVWYBAZW03EXAMPLE", "0.25")
    ask = Asked(requester)
    calls = (("GetHIT", {}), ("ListBonusPayments", {}), ("ListAssignmentsForHIT", {}))
    file = "\n".join(json.dumps(ask(name, {"HITId": HIT, **more})) for name, more in calls)
    found = read("mturk", file.encode(), "hits-and-assignments")
    assert found.refused == found.skipped == []
    records = [each for each in pulled(ask) if isinstance(each, Record)]
    assert [(each.tasks, each.contributions, each.decisions) for each in found.records] == [
        (each.tasks, each.contributions, each.decisions) for each in records
    ]
    one = json.dumps(ask("GetAssignment", {"AssignmentId": "3HIT456RVWYBAZW02EXAMPLE"}))
    assert read("mturk", one.encode(), "hits-and-assignments").contributions == [found.contributions[1]]


def test_a_list_that_leads_back_to_itself_is_given_up(requester: Requester) -> None:
    page = {"NextToken": "p", "Assignments": []}
    (refused, mark) = pulled(Asked(requester, ListAssignmentsForHIT=page))
    assert isinstance(refused, Refused)
    assert "does not come to an end" in refused.reason
    assert mark == Mark(1)
    for reply in ([], {"HIT": None}, {"HIT": {"HITId": "3OTHER", "Question": "?"}}):
        (refused, _) = pulled(Asked(requester, GetHIT=reply))
        assert isinstance(refused, Refused)


def test_what_is_of_another_hit_is_not_taken_for_this_one(requester: Requester) -> None:
    requester.hit("3OTHER")
    foreign = json.loads(json.dumps(requester.answer("ListAssignmentsForHIT", {"HITId": HIT}), default=str))
    foreign["Assignments"][0]["HITId"] = "3OTHER"
    (refused, _) = pulled(Asked(requester, ListAssignmentsForHIT=foreign))
    assert isinstance(refused, Refused)
    assert "another HIT" in refused.reason
    reply = {"Assignment": foreign["Assignments"][0]}
    ask = Asked(requester, event("AssignmentSubmitted", "3SOMETHINGELSE"), GetAssignment=reply)
    (refused, mark) = pulled(ask, queue="q")
    assert isinstance(refused, Refused)
    assert "another assignment" in refused.reason
    assert isinstance(mark, Mark)


def test_a_bonus_that_finds_no_work_is_said(requester: Requester) -> None:
    paid = {"BonusPayments": [{"AssignmentId": "3NOTHERE", "BonusAmount": "1.00"}]}
    (record, refused, mark) = pulled(Asked(requester, ListBonusPayments=paid))
    assert isinstance(record, Record)
    assert isinstance(refused, Refused)
    assert ("3NOTHERE" in refused.reason, refused.line, mark) == (True, 2, Mark(2))


def test_each_message_has_its_own_mark_and_only_that_takes_it_off(requester: Requester) -> None:
    messages = [event("AssignmentSubmitted"), event("Ping"), "{}", json.dumps(event("AssignmentApproved"))]
    ask = Asked(requester, *messages)
    found = pulled(ask, queue="q")
    kinds = [Record, Mark, Skipped, Mark, Refused, Mark, Record, Mark]
    assert [type(each) for each in found] == kinds
    assert [each.line for each in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert ask.deleted == []
    for each in found:
        if isinstance(each, Mark):
            assert each.done is not None
            each.done()  # one cannot be taken off any more: that ends nothing
    assert ask.deleted == [json.dumps(each) if isinstance(each, dict) else each for each in messages if each != "{}"]


def test_when_amazon_stops_answering_what_was_handed_over_counts(requester: Requester) -> None:
    class Failing(Asked):
        left = 0

        def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
            if path == "GetAssignment":
                self.left -= 1
                if self.left < 0:
                    raise UnavailableError("MTurk is away.")
            return super().__call__(path, query)

    ask = Failing(requester, event("AssignmentSubmitted"), event("AssignmentApproved"))
    ask.left = 1
    found = pulled(ask, queue="q")
    assert [type(each) for each in found] == [Record, Mark, Refused]
    assert isinstance(found[2], Refused)
    assert (found[2].reason, found[2].line) == ("MTurk is away.", 3)
    for nothing in (Failing(requester, event("AssignmentSubmitted")), AwayQueue(requester)):
        with pytest.raises(UnavailableError):
            pulled(nothing, queue="q")


class AwayQueue(Asked):
    """One that cannot be reached at all."""

    def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        raise UnavailableError(f"{path}: nobody is there.")


def test_where_the_work_is_must_be_said_once() -> None:
    for options in ({"sandbox": "yes"}, {"hit": " , "}, {"hit": HIT, "queue": "q"}):
        with pytest.raises(ConfigError, match="Where is the work"):
            pulled(Asked(Requester()), **options)
    with pytest.raises(FormatError):
        pulled(Asked(Requester()), hit="3HIT,../3OTHER")


def test_a_message_by_way_of_a_topic_is_in_an_envelope() -> None:
    events = [
        {"EventType": "AssignmentRejected", "AssignmentId": "3HIT456RVWYBAZW01EXAMPLE"},
        {"EventType": "HITExpired"},
    ]
    inside = json.dumps({"Events": events})
    assert told_of(inside) == ["3HIT456RVWYBAZW01EXAMPLE"]
    assert told_of(json.dumps({"Type": "Notification", "Message": inside})) == ["3HIT456RVWYBAZW01EXAMPLE"]
    for body in ("", "[]", "{}", '{"Events": 1}', '{"Events": [1]}', json.dumps(event("AssignmentSubmitted", "../x"))):
        with pytest.raises(FormatError):
            told_of(body)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_message_is_read_or_refused(body: str) -> None:
    try:
        found = told_of(body)
    except FormatError:
        return
    assert all(each.isascii() for each in found)
