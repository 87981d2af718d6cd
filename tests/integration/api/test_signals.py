"""Signs of fraud: planted ones show, with the people that the platform knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from api.reads import signals
from tests.integration.api.running import Api, Platform
from tests.integration.api.test_problems import check

COPY = "A long and very original essay about the forest, written by nobody else in the whole world."


async def find(platform: Platform, campaign: str, **query: Any) -> dict[str, Any]:
    reply = await platform.get(f"/v1/campaigns/{campaign}/signals", **query)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_copies_are_shown_with_their_senders(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    for who in ("ann", "bob", "carl"):
        content = {"text": COPY if who != "carl" else COPY + " Really."}
        await platform.contribution(campaign, contributor=who, content=content)
    found = await find(platform, campaign)
    assert (found["looked_at"], found["complete"]) == (3, True)
    (signal,) = found["signals"]
    assert (signal["kind"], signal["strength"]) == ("same_content", "0.5")
    assert sorted(each["contributor"] for each in signal["people"]) == ["ann", "bob"]
    assert len(signal["contributions"]) == 2
    assert "original" not in str(found)


async def test_answers_at_random_stand_out(platform: Platform) -> None:
    campaign = await platform.campaign()
    tasks = []
    for number in range(60):
        reply = await platform.post(f"/v1/campaigns/{campaign}/tasks", {"content": number})
        tasks.append(reply.json()["id"])
    items = []
    for number, task in enumerate(tasks):
        for who in ("ann", "bob", "carl", "dora"):
            items.append({"campaign": campaign, "contributor": who, "task": task, "content": {"l": str(number % 2)}})
        label = str((number // 2) % 2)
        items.append({"campaign": campaign, "contributor": "eve", "task": task, "content": {"l": label}})
    await platform.post("/v1/contributions/batch", {"items": items})
    found = await find(platform, campaign, field="l")
    assert found["looked_at"] == 300
    random = [each for each in found["signals"] if each["kind"] == "random_answers"]
    assert [each["people"][0]["contributor"] for each in random] == ["eve"]
    assert len((await find(platform, campaign, field="l", limit=1))["signals"]) == 1
    check(await platform.get(f"/v1/campaigns/{campaign}/signals", field=""), 422, "field-invalid")


async def test_nothing_to_see(platform: Platform) -> None:
    campaign = await platform.campaign()
    await platform.contribution(campaign)
    assert (await find(platform, campaign))["signals"] == []


async def test_where_nobody_waits_others_have_their_turns(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    campaign = await platform.campaign()
    for who in ("ann", "bob", "carl"):
        await platform.contribution(campaign, contributor=who)
    monkeypatch.setattr(signals, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(signals, "_PAGE", 1)
    reads = platform.api.service.reads
    found = await signals.evidence(reads, campaign, None, rest=2.0)
    assert (found.looked_at, found.complete, len(rests)) == (3, True, 3)
    assert min(rests) > 0
    rests.clear()
    assert await signals.evidence(reads, campaign, None) == found
    assert set(rests) == {0}
