"""Audits on wish: one at a time, one an hour for strangers, at once for the operator; run by the worker and kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from ledger.db import tables
from ledger.statements.values import uuid7
from ledger.tree.keys import LogSigner
from ledger.worker import auditing
from ledger.worker.audit_child import Answer, Job
from ledger.worker.auditing import SILENT_MS, Auditing, Bounds
from tests.integration.api.running import ADMIN_KEY, ON_BOTH, Api, running, settings, until
from tests.integration.worker.row_stores import PLACE

OPERATOR = {"Authorization": f"Bearer {ADMIN_KEY}"}
REPORT: dict[str, Any] = {
    "v": 1,
    "verdict": "fail",
    "source": "http://crowd.test",
    "origin": "example.org/crowd",
    "key": "k",
    "entries": 12,
    "root": "ab",
    "checks": [
        {"name": "checkpoint", "title": "The log's key signed this head", "verdict": "pass", "evidence": "12 entries"},
        {"name": "settlements", "title": "Settlements follow", "verdict": "fail", "evidence": ""},
    ],
    "findings": [
        {"severity": "error", "check": "settlements", "detail": "It gives <b>20</b>.", "entry": 7, "rule": "rejected"}
        | {"claimed": "20", "awarded": "10", "account": "0x" + "ab" * 20},
        {"severity": "warning", "check": "rules", "detail": "No effect.", "range": [2, 5]},
    ],
    "more_findings": 3,
    "proves": ["The log is not what it claims to be."],
    "anchored_size": 11,
}


@pytest.fixture
async def api(database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    async with running(settings(tmp_path, database_url, log_signer)) as found:
        found.service.deployment = PLACE
        yield found


def worker_of(api: Api) -> Auditing:
    return Auditing(api.service.config, api.service.reads.database, PLACE.contribution_log)


async def change(api: Api, **values: object) -> None:
    async with api.service.reads.database.begin() as connection:
        await connection.execute(update(tables.audits).values(values))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """What the next audits answer. The child itself is tested with real logs elsewhere."""
    found: list[Answer] = []

    async def run_child(job: Job, bounds: Bounds) -> Answer:
        assert job == Job("http://crowd.test", (), PLACE.contribution_log)
        await asyncio.sleep(0)
        return found.pop(0)

    monkeypatch.setattr(auditing, "run_child", run_child)
    return found


@ON_BOTH
async def test_an_audit_from_the_wish_to_the_report(api: Api, answers: list[Answer]) -> None:
    asked = await api.http.post("/v1/audits")
    assert asked.status_code == 202, asked.text
    assert asked.headers["location"] == asked.json()["url"] == f"http://crowd.test/audits/{asked.json()['id']}"
    assert (asked.json()["state"], asked.json()["report"]) == ("asked", None)
    again = await api.http.post("/v1/audits")
    assert (again.status_code, again.json()["id"]) == (202, asked.json()["id"])
    for path in ("/audit", f"/audits/{asked.json()['id']}"):
        assert "waits to be run" in (await api.http.get(path)).text

    answers.append(Answer(report=json.dumps(REPORT)))
    assert await worker_of(api).step()
    assert not await worker_of(api).step()
    got = (await api.http.get(f"/v1/audits/{asked.json()['id']}")).json()
    assert got["report"] == REPORT
    assert [got[name] for name in ("state", "verdict", "entries", "anchored")] == ["done", "fail", 12, 11]
    assert [got[name] for name in ("errors", "warnings", "notes")] == [1, 1, 0]
    del got["report"]
    assert (await api.http.get("/v1/audits")).json() == {"items": [got], "next": None}

    for path in ("/audit", f"/audits/{got['id']}"):
        page = (await api.http.get(path)).text
        assert "It gives &lt;b&gt;20&lt;/b&gt;." in page
        assert 'href="/e/7"' in page
        assert "Entries 2 to 4" in page
        assert "operator&#39;s word" in page
        assert "crowdledger audit http://crowd.test --rpc RPC_URL" in page


async def test_strangers_ask_once_an_hour_and_the_operator_at_any_time(api: Api, answers: list[Answer]) -> None:
    await api.http.post("/v1/audits")
    answers += [Answer(failure="The log is away.")] * 3
    await worker_of(api).step()
    (failed,) = (await api.http.get("/v1/audits")).json()["items"]
    assert (failed["state"], failed["detail"]) == ("failed", "The log is away.")
    assert "The log is away." in (await api.http.get(f"/audits/{failed['id']}")).text

    early = await api.http.post("/v1/audits")
    assert early.status_code == 429
    assert "60 minutes" in early.json()["remedy"]
    form = await api.http.post("/audit")
    assert (form.status_code, "1 hour" in form.text) == (429, True)
    wrong = await api.http.post("/v1/audits", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    mine = await api.http.post("/v1/audits", headers=OPERATOR)
    assert (mine.status_code, mine.json()["by_operator"]) == (202, True)
    assert (await api.http.post("/v1/audits")).json()["id"] == mine.json()[
        "id"
    ]  # a stranger is shown the one that waits
    await worker_of(api).step()

    await change(api, at_ms=int(time.time() * 1000) - 3_600_001)
    form = await api.http.post("/audit", follow_redirects=False)
    assert form.status_code == 303
    assert form.headers["location"].startswith("/audits/")


@ON_BOTH
async def test_many_ask_at_once_and_get_the_same(api: Api) -> None:
    replies = await asyncio.gather(*(api.http.post("/v1/audits", headers=OPERATOR) for _ in range(20)))
    assert {reply.status_code for reply in replies} == {202}
    assert len({reply.json()["id"] for reply in replies}) == 1


@ON_BOTH
async def test_two_workers_do_not_run_the_same(api: Api, answers: list[Answer]) -> None:
    await api.http.post("/v1/audits")
    answers.append(Answer(failure="Once."))
    ran = await asyncio.gather(*(worker_of(api).step() for _ in range(4)))
    assert sorted(ran) == [False, False, False, True]


async def test_an_audit_whose_worker_is_gone_ends(api: Api) -> None:
    await api.http.post("/v1/audits")
    now_ms = int(time.time() * 1000)
    await change(api, state="running", started_ms=now_ms, seen_ms=now_ms)
    await worker_of(api).step()
    assert "runs now" in (await api.http.get("/audit")).text
    await change(api, seen_ms=now_ms - SILENT_MS - 1)
    await worker_of(api).step()
    (ended,) = (await api.http.get("/v1/audits")).json()["items"]
    assert (ended["state"], ended["verdict"]) == ("failed", None)


async def test_a_worker_that_is_stopped_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(job: Job, bounds: Bounds) -> Answer:
        await asyncio.sleep(600)
        raise AssertionError

    monkeypatch.setattr(auditing, "run_child", endless)
    await api.http.post("/v1/audits")
    running_ = asyncio.create_task(worker_of(api).run())

    async def runs() -> bool:
        return bool((await api.http.get("/v1/audits")).json()["items"][0]["state"] == "running")

    await until(runs)
    running_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running_
    assert (await api.http.get("/v1/audits")).json()["items"][0]["detail"].startswith("The worker was stopped")


async def test_lists_page(api: Api, answers: list[Answer]) -> None:
    rows = [
        {"log": "main", "id": uuid7(number, bytes(10)), "state": "failed", "by_operator": True, "at_ms": number}
        | {"ended_ms": number, "detail": "x"}
        for number in range(1, 106)
    ]
    async with api.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.audits), rows)
    await api.http.post("/v1/audits", headers=OPERATOR)
    answers.append(Answer(failure="Done."))
    await worker_of(api).step()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 40} | ({"cursor": cursor} if cursor else {})
        page = (await api.http.get("/v1/audits", params=query)).json()
        seen += [item["at"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 106
    assert seen == sorted(seen, reverse=True)
    assert (await api.http.get(f"/audit?cursor={(await api.http.get('/v1/audits')).json()['next']}")).status_code == 200


async def test_a_log_without_a_worker_takes_no_wish(api: Api) -> None:
    api.service.deployment = None
    assert (await api.http.post("/v1/audits")).status_code == 503
    assert (await api.http.post("/audit")).status_code == 503
    assert "crowdledger audit http://crowd.test</code>" in (await api.http.get("/audit")).text
    for path in ("/v1/audits/nothing", f"/v1/audits/{uuid7(1, bytes(10))}"):
        assert (await api.http.get(path)).status_code == 404
