"""What is asked again, by either client: all that is safe, nothing that is not."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from ledger import wire
from ledger.client import patience
from ledger.errors import CrowdLedgerError, DatabaseError, QueueFullError, RequestError, TooManyError, UnavailableError
from tests.unit.client.both import KINDS, Kind, Script, outcome

READ = {"ended": True}
WRITTEN = {"id": "i", "index": 1, "status": "recorded", "url": "u", "receipt": {}, "opening": None}
ID = "01935b1e-0000-7000-8000-000000000000"
DATABASE = (503, {"type": "/problems/database-unavailable", "detail": "No."})
BUSY = (503, {"type": "/problems/queue-full", "detail": "Later."})
SAFE = wire.NewContribution(campaign=ID, contributor="ann", content=1, external_id="e")
UNSAFE = wire.NewContribution(campaign=ID, contributor="ann", content=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(patience, "_LEAST_SECONDS", 0.001)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("new", "answers"),
    [
        (UNSAFE, (BUSY, BUSY, WRITTEN)),
        (UNSAFE, (429, WRITTEN)),
        (SAFE, (DATABASE, WRITTEN)),
        (SAFE, (502, 503, 504, WRITTEN)),
        (SAFE, (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, WRITTEN)),
        (UNSAFE, (BUSY, httpx.ConnectError, httpx.ConnectTimeout, WRITTEN)),
    ],
)
def test_asked_again(kind: Kind, new: wire.NewContribution, answers: tuple[Any, ...]) -> None:
    script = Script(*answers)
    assert outcome(kind, script, lambda client: client.submit(new)) == wire.Written(**WRITTEN)
    assert script.answers == []
    assert len({request.content for request in script.requests}) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("new", "answer", "error"),
    [
        (UNSAFE, DATABASE, DatabaseError),
        (UNSAFE, 502, UnavailableError),
        (UNSAFE, 503, UnavailableError),  # a proxy's: the connection behind it may have broken amid the request
        (UNSAFE, httpx.ReadError, UnavailableError),
        (UNSAFE, httpx.ReadTimeout, UnavailableError),
        (SAFE, httpx.ConnectError, UnavailableError),  # never reached: its address may be wrong
        (SAFE, 500, UnavailableError),
        (SAFE, 404, RequestError),
        (SAFE, 302, RequestError),
    ],
)
def test_not_asked_again(kind: Kind, new: wire.NewContribution, answer: Any, error: type[CrowdLedgerError]) -> None:
    script = Script(answer, WRITTEN)
    with pytest.raises(error):
        outcome(kind, script, lambda client: client.submit(new))
    assert len(script.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_patience_is_one_for_all_tries(kind: Kind) -> None:
    began = time.monotonic()
    script = Script(*[503] * 1000)
    patience._LEAST_SECONDS = 0.05  # undone by the fixture
    with pytest.raises(UnavailableError):
        outcome(kind, script, lambda client: client.end_session(), patience_seconds=0.3)
    assert 3 <= len(script.requests) <= 7
    assert time.monotonic() - began < 5
    waits_for_too_long = Script((429, {"type": "/problems/too-many-attempts", "detail": "No."}), READ)
    patience._LEAST_SECONDS = 60.0
    with pytest.raises(TooManyError):
        outcome(kind, waits_for_too_long, lambda client: client.end_session())
    assert len(waits_for_too_long.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_items_of_a_batch_that_wait_are_sent_again(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QueueFullError, "retry_after_seconds", 0)
    good = {"code": 201, **WRITTEN}
    later = {"code": 503, "type": "/problems/queue-full", "detail": "Later."}
    unknown = {"code": 503, "type": "/problems/database-unavailable", "detail": "?"}
    wrong = {"code": 422, "type": "/problems/field-invalid", "detail": "No.", "field": "content"}
    script = Script({"results": [good, later, wrong, unknown]}, {"results": [later]}, {"results": [good]})
    new = [SAFE, UNSAFE, SAFE, UNSAFE]
    results = outcome(kind, script, lambda client: client.submit_many(new))
    assert [type(each).__name__ for each in results] == ["Written", "Written", "FieldError", "DatabaseError"]
    assert [request.content.count(b'"contributor"') for request in script.requests] == [4, 1, 1]
    impatient = Script({"results": [later]})
    (one,) = outcome(kind, impatient, lambda client: client.submit_many([SAFE]), patience_seconds=0)
    assert isinstance(one, QueueFullError)


@pytest.mark.parametrize("kind", KINDS)
def test_what_became_of_a_batch_is_not_lost_when_its_rest_fails(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QueueFullError, "retry_after_seconds", 0)
    good = {"code": 201, **WRITTEN}
    later = {"code": 503, "type": "/problems/queue-full", "detail": "Later."}
    script = Script({"results": [later, good, later]}, (401, {"type": "/problems/unauthorized", "detail": "Revoked."}))
    results = outcome(kind, script, lambda client: client.submit_many([UNSAFE] * 3))
    assert [type(each).__name__ for each in results] == ["UnauthorizedError", "Written", "UnauthorizedError"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_repeated_after_a_broken_connection_only_if_all_of_it_can_be(kind: Kind) -> None:
    good = {"code": 201, **WRITTEN}
    script = Script(httpx.ReadError, {"results": [good, good]})
    assert len(outcome(kind, script, lambda client: client.submit_many([SAFE, SAFE]))) == 2
    script = Script(httpx.ReadError, {"results": [good, good]})
    with pytest.raises(UnavailableError):
        outcome(kind, script, lambda client: client.submit_many([SAFE, UNSAFE]))
    assert len(script.requests) == 1
