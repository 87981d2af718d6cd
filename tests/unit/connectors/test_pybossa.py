from __future__ import annotations

import base64
import csv
import io
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ledger.connectors.connector import Delivery
from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError, UnavailableError
from ledger.statements.decisions import Method
from tests.unit.connectors.files import DATA, Platform, deliveries, delivery, read

LIVE_TASKS = DATA / "pybossa" / "live-task.json"
LIVE_RUNS = DATA / "pybossa" / "live-taskrun.json"
TASKS = DATA / "pybossa" / "frackfinder-oh-2014-task.json"
RUNS = DATA.parent / "surveys" / "frackfinder-oh-2014-task_run.json"
HOOK = find("pybossa").hook
assert HOOK is not None


def server(**changes: Any) -> Platform:
    """The live server's answers about its first task."""
    task = {**json.loads(LIVE_TASKS.read_text())[0], **changes}
    runs = [run for run in json.loads(LIVE_RUNS.read_text()) if run["task_id"] == 1]
    return Platform({"/api/task/1": task, "/api/taskrun": runs})


def shown(sent: Delivery, secret: bytes) -> Delivery:
    """As PYBOSSA sends to an address with user and password in it."""
    return replace(sent, headers={**sent.headers, "authorization": f"Basic {base64.b64encode(secret).decode()}"})


def test_a_real_campaign_is_counted_as_json_counts_it() -> None:
    runs = json.loads(RUNS.read_text())
    found = read("pybossa", RUNS, "task-runs")
    assert found.refused == found.skipped == []
    assert [each.external_id for each in found.contributions] == [f"pybossa:{run['id']}" for run in runs]
    assert len(found.contributions) == 1422
    assert {each.task for each in found.contributions} == {f"pybossa:{run['task_id']}" for run in runs}
    people = Counter(str(run["user_id"] or f"address:{run['user_ip']}") for run in runs)
    assert Counter(each.contributor for each in found.contributions) == people
    for run, given in zip(runs, found.contributions, strict=True):
        assert isinstance(given.content, dict)
        assert given.content.pop("_at") == f"{run['finish_time'][:23]}Z"
        assert given.content == run["info"]
    tasks = read("pybossa", TASKS, "tasks").tasks
    assert tasks.keys() == {each.task for each in found.contributions}
    assert {name: task.content for name, task in tasks.items()} == {
        f"pybossa:{task['id']}": task["info"] for task in json.loads(TASKS.read_text())
    }


def test_a_live_servers_files_are_read_whole() -> None:
    runs = read("pybossa", LIVE_RUNS, "task-runs")
    assert [each.external_id for each in runs.contributions] == [f"pybossa:{n}" for n in range(1, 5)]
    assert read("pybossa", LIVE_TASKS, "tasks").tasks.keys() == {"pybossa:1", "pybossa:2"}
    results = read("pybossa", DATA / "pybossa" / "live-result.json", "results")
    assert (len(results.skipped), results.records, results.refused) == (2, [], [])
    assert {each.task for each in read("pybossa", LIVE_RUNS, "task-runs", tasks="none").contributions} == {None}


def test_csv_says_what_json_says() -> None:
    runs = json.loads(LIVE_RUNS.read_text())
    text = io.StringIO(newline="")
    names = ("id", "task_id", "user_id", "user_ip", "created", "finish_time", "info")
    writer = csv.writer(text)
    writer.writerow([f"task_run__{name}" for name in names])
    writer.writerows([json.dumps(run[n]) if n == "info" else run[n] for n in names] for run in runs)
    found = read("pybossa", text.getvalue().encode(), "task-runs-csv")
    assert found.contributions == read("pybossa", LIVE_RUNS, "task-runs").contributions


def test_a_run_of_nobody_and_one_without_an_id() -> None:
    runs = [
        {"id": 1, "task_id": 2, "user_id": None, "user_ip": None, "info": "cat", "finish_time": None},
        {"id": 2, "task_id": 2, "user_id": None, "external_uid": "u7", "info": None},
        {"task_id": 2, "user_id": 1, "info": {}},
        ["no run"],
    ]
    found = read("pybossa", json.dumps(runs).encode(), "task-runs")
    assert [(each.contributor, each.content) for each in found.contributions] == [
        ("anonymous:1", {"answer": "cat"}),
        ("external:u7", {"answer": None}),
    ]
    assert [each.line for each in found.refused] == [3, 4]


def test_a_recorded_delivery_makes_us_ask_the_known_server() -> None:
    assert HOOK is not None
    first, second = deliveries(DATA / "pybossa" / "live-webhooks.jsonl")
    events = [HOOK.verify(shown(each, b"u:secret"), [b"u:secret"]).event_id for each in (first, replace(first), second)]
    assert events[0] == events[1] != events[2]
    ask = server()
    records = HOOK.records(first, ask)
    assert [each.external_id for record in records for each in record.contributions] == ["pybossa:1", "pybossa:3"]
    assert records[0].tasks[0].content == {"q": "cat?"}
    assert records[0].contributions == read("pybossa", LIVE_RUNS, "task-runs").records[0].contributions
    assert [path for path, _ in ask.asked] == ["/api/task/1", "/api/taskrun"]
    with pytest.raises(FormatError, match="cannot ask"):
        HOOK.records(first, None)


def test_what_the_server_does_not_confirm_is_not_believed() -> None:
    assert HOOK is not None
    (first, _) = deliveries(DATA / "pybossa" / "live-webhooks.jsonl")
    for changes, error in (
        ({"project_id": 2}, FormatError),
        ({"id": 9}, FormatError),
        ({"state": "ongoing"}, UnavailableError),
    ):
        with pytest.raises(error):
            HOOK.records(first, server(**changes))
    for body in (
        b"{",
        b"[]",
        {"event": "task_completed"},
        {"event": "task_completed", "task_id": "../1", "project_id": 1},
    ):
        with pytest.raises(FormatError):
            HOOK.records(delivery(body), server())
    assert HOOK.records(delivery({"event": "other"}), None) == ()
    other = server()
    other.replies = {**other.replies, "/api/taskrun": [{"id": 1, "task_id": 7, "user_id": 1, "info": 1}]}
    with pytest.raises(FormatError, match="another task"):
        HOOK.records(first, other)


def test_a_secret_in_the_hooks_address_must_be_right() -> None:
    assert HOOK is not None
    (first, _) = deliveries(DATA / "pybossa" / "live-webhooks.jsonl")
    HOOK.verify(shown(first, b"u:secret"), [b"u:secret"])
    good = shown(first, b"u:secret")
    for sent in (first, shown(first, b"u:Secret"), shown(first, b"u"), replace(good, body=good.body[:-2])):
        with pytest.raises(SignatureError):
            HOOK.verify(sent, [b"u:secret"])


def test_runs_of_a_calibration_task_are_decided_by_its_gold() -> None:
    assert HOOK is not None
    (first, _) = deliveries(DATA / "pybossa" / "live-webhooks.jsonl")
    right = HOOK.records(first, server(calibration=1, gold_answers={"answer": "yes"}))
    wrong = HOOK.records(first, server(calibration=1, gold_answers={"answer": "no"}))
    assert [record.decisions[0].verdict for record in (*right, *wrong)] == ["accepted"] * 2 + ["rejected"] * 2
    assert right[0].decisions[0].method == Method(type="gold", name="pybossa.calibration")
    assert wrong[0].decisions[0].feedback


def test_pages_of_runs_are_followed_and_a_server_that_repeats_itself_is_left() -> None:
    assert HOOK is not None
    (first, _) = deliveries(DATA / "pybossa" / "live-webhooks.jsonl")
    whole = [{"id": n, "task_id": 1, "user_id": n, "info": {"answer": "no"}} for n in range(1, 151)]

    class Paged(Platform):
        def __call__(self, path: str, query: Any = None) -> Any:
            found = super().__call__(path, query)
            return found if path != "/api/taskrun" else [r for r in whole if r["id"] > int(query["last_id"])][:100]

    assert len(HOOK.records(first, Paged(server().replies))) == 150
    stuck = Platform({**server().replies, "/api/taskrun": whole[:100]})
    with pytest.raises(FormatError, match="same page"):
        HOOK.records(first, stuck)
