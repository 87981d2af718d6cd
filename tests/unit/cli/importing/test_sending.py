"""Batches on their way: what is known is not sent, what must wait is sent again, refused things take rows along."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.cli.importing import sending
from ledger.cli.importing.sending import Outcome, Sender
from ledger.connectors.preparing import Piece, Prepared
from ledger.errors import FormatError, UnavailableError
from tests.unit.cli.importing.scripted import CREATED, Scripted

CAMPAIGN = "01900000-0000-7000-8000-000000000001"
WRONG = {"code": 422, "type": "/problems/field", "detail": "It is wrong.", "remedy": "Mend it."}


def piece(id_: str, **more: Any) -> Piece:
    return Piece(id_, json.dumps({"external_id": id_} | more).encode())


def row(line: int, *, task: str = "t", decided: bool = False) -> Prepared:
    decisions = (piece(f"d{line}"),) if decided else ()
    return Prepared(line, (piece(task),), (piece(f"c{line}"),), decisions)


@pytest.fixture
def sender(service: Scripted) -> Iterator[Sender]:
    with Sender(service.url, "cl_key", CAMPAIGN) as found:
        yield found


def send(sender: Sender, *rows: Prepared) -> Outcome:
    outcome = Outcome()
    return sender.rest(sender.tasks(rows, outcome), outcome)


def test_new_and_known_are_counted(service: Scripted, sender: Sender) -> None:
    service.judges(lambda _, item: {"code": 200 if item["external_id"] == "c2" else 201})
    outcome = send(sender, row(1, decided=True), row(2))
    assert (outcome.used, outcome.refused) == (2, [])
    assert outcome.written == {"task": 1, "contribution": 1, "decision": 1}
    assert outcome.known == {"contribution": 1}
    assert [path for _, path, _ in service.heard] == [
        f"/v1/campaigns/{CAMPAIGN}/tasks/batch",
        "/v1/contributions/batch",
        "/v1/decisions/batch",
    ]


def test_a_task_is_sent_once_unless_it_changes(
    service: Scripted, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "KNOWN_TASKS", 2)
    service.judges(lambda *_: CREATED)
    for task in ("t1", "t2", "t1", "t3", "t1", "t2"):  # t2 is forgotten when t3 comes
        send(sender, row(1, task=task))
    assert [item["external_id"] for item in service.items("tasks")] == ["t1", "t2", "t3", "t2"]
    send(sender, Prepared(2, (piece("t2", content="another"),), (), ()))
    assert service.items("tasks")[-1] == {"external_id": "t2", "content": "another"}


def test_what_is_refused_takes_the_rest_of_its_row_along(service: Scripted, sender: Sender) -> None:
    service.judges(lambda _, item: WRONG if item["external_id"] in ("bad", "c2", "d3") else CREATED)
    outcome = send(sender, row(1, task="bad"), row(2, decided=True), row(3, decided=True), row(4, decided=True))
    assert [item["external_id"] for item in service.items("contributions")] == ["c2", "c3", "c4"]
    assert [item["external_id"] for item in service.items("decisions")] == ["d3", "d4"]
    assert outcome.used == 1
    assert [(each.line, each.reason, each.remedy) for each in outcome.refused] == [
        (1, "The task bad: It is wrong.", "Mend it."),
        (2, "The contribution c2: It is wrong.", "Mend it."),
        (3, "The contribution is recorded, its decision is not. The decision d3: It is wrong.", "Mend it."),
    ]
    send(sender, row(5, task="bad"))
    assert [item["external_id"] for item in service.items("tasks")].count("bad") == 2, "not known to be there"


def test_another_content_under_a_known_id_names_both(service: Scripted, sender: Sender) -> None:
    existing = {"id": "1", "index": 7, "url": "http://crowd.test/c/1", "receipt": {}}
    reused = {"code": 409, "type": "/problems/id-reused", "detail": "It names another.", "existing": existing}
    service.judges(lambda path, _: reused if path == "/v1/contributions/batch" else CREATED)
    (refused,) = send(sender, row(1)).refused
    assert refused.reason == "The contribution c1: It names another. See http://crowd.test/c/1."


def contributions(*ids: str) -> list[Prepared]:
    return [Prepared(line, (), (piece(id_),), ()) for line, id_ in enumerate(ids, 1)]


def test_only_what_must_wait_is_sent_again(service: Scripted, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnavailableError, "retry_after_seconds", 0.01)
    tries: list[str] = []

    def judge(_: str, item: dict[str, Any]) -> dict[str, Any]:
        tries.append(item["external_id"])
        if item["external_id"] == "c5":
            return WRONG
        late = item["external_id"] in ("c2", "c3") and tries.count(item["external_id"]) < 3
        return {"code": 503, "type": "/problems/unavailable"} if late else CREATED

    service.judges(judge)
    outcome = send(sender, *contributions("c1", "c2", "c3", "c4", "c5"))
    assert tries == ["c1", "c2", "c3", "c4", "c5", "c2", "c3", "c2", "c3"]
    assert (outcome.used, outcome.written) == (4, {"contribution": 4})
    assert [each.line for each in outcome.refused] == [5]


def test_a_service_that_takes_nothing_is_given_up(
    service: Scripted, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnavailableError, "retry_after_seconds", 0.01)
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 0.05)
    service.answer = lambda *_: (503, {"type": "/problems/unavailable", "detail": "Not now."})
    with pytest.raises(UnavailableError):
        send(sender, *contributions("c1"))
    assert len(service.heard) > 1


def test_who_waits_gives_up_when_the_run_is_stopped(service: Scripted, sender: Sender) -> None:
    service.answer = lambda *_: (503, {"type": "/problems/unavailable"})
    threading.Timer(0.05, sender.stopped.set).start()
    with pytest.raises(UnavailableError):
        send(sender, *contributions("c1"))
    assert len(service.heard) == 1


def test_what_makes_a_request_unreadable_is_found_among_the_others(service: Scripted, sender: Sender) -> None:
    def answer(_: str, __: str, body: Any) -> tuple[int, Any]:
        if any(item["external_id"] == "c5" for item in body["items"]):
            return 413, {"type": "/problems/too-large", "detail": "It has too many bytes.", "remedy": "Send less."}
        return 200, {"results": [CREATED for _ in body["items"]]}

    service.answer = answer
    outcome = send(sender, *contributions(*(f"c{number}" for number in range(1, 10))))
    assert (outcome.used, [each.line for each in outcome.refused]) == (8, [5])
    assert outcome.refused[0].reason == "The contribution c5: It has too many bytes."
    assert len(service.heard) <= 7


def test_no_request_has_more_items_than_are_allowed(service: Scripted, sender: Sender) -> None:
    service.judges(lambda *_: CREATED)
    many = Prepared(1, (), tuple(piece(f"c{number}") for number in range(2500)), ())
    assert send(sender, many).written == {"contribution": 2500}
    assert [len(body["items"]) for _, _, body in service.heard] == [1000, 1000, 500]


@pytest.mark.parametrize("reply", [{"results": []}, {"results": [CREATED, CREATED]}, {"result": 1}, [], "?"])
def test_an_answer_that_is_none(service: Scripted, sender: Sender, reply: Any) -> None:
    service.answer = lambda *_: (200, reply)
    with pytest.raises(FormatError):
        send(sender, *contributions("c1"))


@pytest.mark.parametrize("alone", [True, False])
def test_of_a_decision_alone_nobody_says_that_its_contribution_is_recorded(
    service: Scripted, sender: Sender, alone: bool
) -> None:
    refusal = {"code": 404, "type": "/problems/not-found", "detail": "There is no such contribution."}
    service.judges(lambda path, _: refusal if "decisions" in path else CREATED)
    whole = row(2, decided=True)
    (refused,) = send(sender, Prepared(2, (), (), whole.decisions) if alone else whole).refused
    assert refused.reason.startswith("The decision" if alone else "The contribution is recorded, its decision is not.")
    assert refused.reason.endswith("There is no such contribution.")
