"""Deliveries that live platforms sent, replayed through the real endpoint; on the other database in the long tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.hooks.senders import DATA, Made, by_basic, by_header, make_hook, recorded
from tests.integration.api.hooks.waiting import none_waits
from tests.integration.api.running import Api, Platform, running, settings, until
from tests.services.platform_api import Asked, PlatformApi, Reply, serving


@pytest.fixture(params=["sqlite_database_url", pytest.param("postgres_url", marks=pytest.mark.long)])
async def api(request: pytest.FixtureRequest, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    url = request.getfixturevalue(request.param)
    async with running(settings(tmp_path, url, log_signer, private_addresses=True)) as found:
        yield found


@pytest.fixture
def pybossa() -> Iterator[PlatformApi]:
    """The live server's answers, filtered as it filters them."""
    tasks: list[dict[str, Any]] = json.loads((DATA / "pybossa" / "live-task.json").read_text())
    runs: list[dict[str, Any]] = json.loads((DATA / "pybossa" / "live-taskrun.json").read_text())

    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/taskrun":
            task, last = int(asked.query["task_id"]), int(asked.query["last_id"])
            return Reply([run for run in runs if run["task_id"] == task and run["id"] > last])
        return Reply(next(task for task in tasks if asked.path == f"/api/task/{task['id']}"))

    with serving(answer) as found:
        yield found


async def settled(hook: Made) -> list[dict[str, Any]]:
    """The deliveries in the order in which they came, once none waits."""
    await until(lambda: none_waits(hook))
    return (await hook.deliveries())[::-1]


async def answers(platform: Platform, campaign: str) -> list[dict[str, Any]]:
    reply = await platform.get("/v1/contributions", campaign=campaign, content="true")
    return list(reply.json()["items"])


async def test_label_studio(platform: Platform) -> None:
    campaign = await platform.campaign()
    hook = await make_hook(platform, "label-studio", campaign)
    bodies = recorded("label-studio/ls-1.23.2-webhooks.jsonl")
    for body in bodies:
        assert (await hook.send(by_header(body, hook.secret, 0))).status_code == 200
    lines = await settled(hook)
    assert [(line["state"], line["words"]) for line in lines] == [("done", None)] * 5
    found = await answers(platform, campaign)
    assert [each["content"]["sentiment"] for each in found] == ["Positive", "Positive", "Positive", "Negative"]
    assert [each["verdict"] for each in found] == ["accepted", None, None, None]
    first, changed = found[2], found[3]
    assert first["replaced_by"] == changed["id"]
    for each in found:
        assert (await platform.api.http.get(f"/v1/contributions/{each['id']}/receipt")).status_code == 200
    assert (await platform.api.http.get(f"/v1/decisions/{found[0]['decision']}/receipt")).status_code == 200
    other = await make_hook(platform, "label-studio", campaign)  # which has seen none of them
    size = (await platform.api.service.reader.head()).size
    for body in bodies:
        assert (await hook.send(by_header(body, hook.secret, 0))).status_code == 200
    for body in bodies:
        assert (await other.send(by_header(body, other.secret, 0))).status_code == 200
    assert [(line["state"], line["words"]) for line in await settled(other)] == [("done", None)] * 5
    assert await platform.api.service.reader.statements(size, size + 9) == []


async def test_pybossa(platform: Platform, pybossa: PlatformApi) -> None:
    campaign = await platform.campaign()
    hook = await make_hook(platform, "pybossa", campaign, base_url=pybossa.url, token="an-api-key")
    for body in recorded("pybossa/live-webhooks.jsonl"):
        assert (await hook.send(by_basic(body, hook.secret, 0))).status_code == 200
    assert [(line["state"], line["words"]) for line in await settled(hook)] == [("done", None)] * 2
    found = await answers(platform, campaign)
    runs = json.loads((DATA / "pybossa" / "live-taskrun.json").read_text())
    assert sorted(each["content"]["answer"] for each in found) == sorted(run["info"]["answer"] for run in runs)
    assert {each["contributor"] for each in found} == {"1", "2"}
    assert pybossa.paths() == ["/api/task/1", "/api/taskrun", "/api/task/2", "/api/taskrun"]
    assert {asked.headers["authorization"] for asked in pybossa.asked} == {"an-api-key"}
    forged = {"event": "task_completed", "task_id": 1, "project_id": 99}
    assert (await hook.send(by_basic(forged, hook.secret, 0))).status_code == 200
    line = (await settled(hook))[-1]
    assert (line["state"], line["recorded"]) == ("refused", [])
    assert "no such task" in line["words"]


async def test_the_address_holds_user_and_secret(platform: Platform) -> None:
    asked = {"base_url": "https://pybossa.example/"}
    hook = await make_hook(platform, "pybossa", await platform.campaign(), **asked)
    user, _, password = hook.secret.partition(":")
    assert hook.reply["enter_url"] == f"http://{user}:{password}@crowd.test/v1/hooks/pybossa/{hook.id}"
    looked = await platform.api.http.get(f"/v1/hooks/pybossa/{hook.id}")  # as PYBOSSA does before it takes an address
    assert (looked.status_code, looked.json()) == (200, {"method": "POST"})
