"""The service is told how an import goes; whatever the service does, the import goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ledger.cli.importing import telling
from ledger.cli.importing.keeping import Progress
from ledger.cli.importing.telling import Teller, begun
from ledger.errors import UnavailableError
from tests.unit.cli.importing.scripted import Scripted

CAMPAIGN = "01900000-0000-7000-8000-000000000001"
ID = "01900000-0000-7000-8000-000000000002"
GONE = {"type": "/problems/not-found", "detail": "There is no import."}


def keeps(method: str, path: str, body: Any) -> tuple[int, Any]:
    """The answer of a service that knows imports."""
    times = {"began": "2026-11-22T00:00:00.000Z", "seen": "2026-11-22T00:00:00.000Z", "ended": None}
    named = {"campaign": CAMPAIGN, "connector": "mturk", "form": "batch-results", "file": "a.csv", "id": ID}
    return (201 if method == "POST" else 200), named | times | {"rows": 0, "used": 0, "refused": 0}


def words(service: Scripted) -> list[Any]:
    return [body for method, _, body in service.heard if method == "PATCH"]


@pytest.fixture
def told(service: Scripted) -> Scripted:
    service.answer = keeps
    return service


def teller(told: Scripted, progress: Progress) -> Teller:
    return Teller(told.url, "cl_key", begun(CAMPAIGN, "mturk", "batch-results", "a.csv"), progress)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_from_the_beginning_to_the_end(told: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "BETWEEN_SECONDS", 0.01)
    progress = Progress()
    with teller(told, progress) as telling_:
        until(lambda: progress.told == ID)
        progress.rows, progress.used, progress.skipped = 10, 9, {"unfinished": 1}
        progress.written = {"contribution": 9}
        telling_.tell(40)
        until(lambda: words(told)[-1]["rows"] == 10)
        progress.rows, progress.used = 41, 40
    assert told.heard[0] == (
        "POST",
        "/v1/imports",
        {"campaign": CAMPAIGN, "connector": "mturk", "form": "batch-results", "file": "a.csv"},
    )
    assert {path for _, path, _ in told.heard[1:]} == {f"/v1/imports/{ID}"}
    first, *_, last = words(told)
    assert (first["state"], first["rows"], first.get("expected")) == ("running", 0, None)
    under_way = next(word for word in words(told) if word["rows"] == 10)
    assert (under_way["expected"], under_way["skipped"]) == (40, 1)
    assert under_way["written"] == {"task": 0, "contribution": 9, "decision": 0}
    assert (last["state"], last["rows"], last["expected"]) == ("done", 41, 41)


@pytest.mark.parametrize(
    ("error", "state", "detail"),
    [
        (KeyboardInterrupt(), "stopped", None),
        (UnavailableError("It is away."), "failed", "It is away."),
        (ValueError("of us"), "failed", "ValueError"),
        (UnavailableError("x" * 5000), "failed", "x" * 1000),
    ],
)
def test_how_it_ends(told: Scripted, error: BaseException, state: str, detail: str | None) -> None:
    def fail() -> None:
        with teller(told, Progress(rows=3)) as telling_:
            telling_.tell(9)
            raise error

    with pytest.raises(type(error)):
        fail()
    last = words(told)[-1]
    assert (last["state"], last.get("detail"), last["rows"], last["expected"]) == (state, detail, 3, 9)


def test_it_goes_on_under_the_same_id_or_a_new_one_where_that_is_gone(told: Scripted) -> None:
    with teller(told, Progress(told=ID)):
        pass
    assert {method for method, _, _ in told.heard} == {"PATCH"}
    told.heard.clear()
    gone = ID[:-1] + "9"
    told.answer = lambda method, path, body: (404, GONE) if path.endswith(gone) else keeps(method, path, body)
    progress = Progress(told=gone)
    with teller(told, progress):
        until(lambda: progress.told == ID)
    assert words(told)[-1]["state"] == "done"


def test_at_most_once_a_second(told: Scripted) -> None:
    progress = Progress()
    begin = time.monotonic()
    with teller(told, progress) as telling_:
        while time.monotonic() < begin + 1.5:
            progress.rows += 1
            telling_.tell()
            time.sleep(0.001)
    assert len(words(told)) <= 3 + (time.monotonic() - begin)
    assert words(told)[-1]["rows"] == progress.rows


def test_without_news_it_says_that_it_is_still_there(told: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "BETWEEN_SECONDS", 0.01)
    monkeypatch.setattr(telling, "HEARTBEAT_SECONDS", 0.02)
    with teller(told, Progress()):
        until(lambda: len(words(told)) > 3)


@pytest.mark.parametrize("code", [404, 403, 405, 422, 429, 500, 503])
def test_a_service_that_takes_it_not_stops_nothing(told: Scripted, code: int) -> None:
    told.answer = lambda *_: (code, {})
    with teller(told, Progress()) as telling_:
        for _ in range(100):
            telling_.tell(5)
    assert 1 <= len(told.heard) <= 3


def test_nonsense_for_an_answer_stops_nothing(told: Scripted) -> None:
    told.answer = lambda *_: (201, ["?"])
    with teller(told, Progress()) as telling_:
        until(lambda: len(told.heard) > 0)
        telling_.tell(5)
    assert len(told.heard) == 1


def test_a_service_that_does_not_answer_is_not_waited_for(told: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "LAST_SECONDS", 0.1)
    wait = threading.Event()
    told.answer = lambda *_: (503, {}) if wait.wait(20) else (500, {})
    with teller(told, Progress()) as telling_:
        until(lambda: len(told.heard) > 0)
        begin = time.monotonic()
        telling_.tell(5)
    assert time.monotonic() - begin < 5
    wait.set()


def test_one_that_is_away_is_tried_again(told: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "BETWEEN_SECONDS", 0.01)
    monkeypatch.setattr(telling, "HEARTBEAT_SECONDS", 0.01)
    told.answer = lambda method, path, body: (503, {}) if len(told.heard) < 3 else keeps(method, path, body)
    progress = Progress()
    with teller(told, progress):
        until(lambda: progress.told == ID)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Batch «۴».csv", "Batch «۴».csv"),
        ("a\nb\x7f.csv", "ab.csv"),
        ("\n", "mturk"),
        ("\udcff.csv", "?.csv"),
        ("x" * 300, "x" * 200),
    ],
)
def test_any_name_of_a_file(name: str, file: str) -> None:
    assert begun(CAMPAIGN, "mturk", "batch-results", name).file == file
