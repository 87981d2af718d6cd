"""Imports: programs tell how far they are, the platform's people look; nobody else does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api.reads import imports as reads
from ledger.db import tables
from tests.integration.api.running import Api, Platform

MORE = {"expected": 40, "rows": 10, "used": 7, "refused": 2, "skipped": 1}
THINGS = {"written": {"task": 3, "contribution": 7}, "known": {"decision": 2}}


def new(campaign: str, **more: Any) -> dict[str, Any]:
    return {"campaign": campaign, "connector": "mturk", "form": "batch-results", "file": "Batch «۴».csv"} | more


async def begin(platform: Platform, campaign: str, **more: Any) -> dict[str, Any]:
    reply = await platform.post("/v1/imports", new(campaign, **more))
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"http://crowd.test/v1/imports/{found['id']}"
    return found


async def change(platform: Platform, id_: str, **words: Any) -> dict[str, Any]:
    reply = await platform.api.http.patch(f"/v1/imports/{id_}", headers=platform.headers, json=words)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert (await platform.get(f"/v1/imports/{id_}")).json() == found
    return found


async def test_from_its_beginning_to_its_end(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    begun = await begin(platform, campaign)
    assert (begun["state"], begun["rows"], begun["expected"], begun["ended"]) == ("running", 0, None, None)
    assert begun["file"] == "Batch «۴».csv"
    under_way = await change(platform, begun["id"], **MORE, **THINGS)
    assert {name: under_way[name] for name in MORE} == MORE
    assert under_way["written"] == {"task": 3, "contribution": 7, "decision": 0}
    assert under_way["known"] == {"task": 0, "contribution": 0, "decision": 2}
    for state in ("stopped", "running", "failed", "running", "done"):  # it may be gone on with, until it is done
        detail = "The service at hand does not answer." if state == "failed" else None
        told = await change(platform, begun["id"], **MORE, state=state, detail=detail)
        assert (told["state"], told["detail"], told["ended"] is None) == (state, detail, state == "running")
    assert (await change(platform, begun["id"], rows=1, used=1, refused=0)) == told, "what is done stays so"


async def test_the_list_is_by_campaign_and_newest_first(both: Api) -> None:
    platform, other = await both.platform(), await both.platform("Others")
    first, second = await platform.campaign(), await platform.campaign()
    ids = []
    for campaign in (first, second, first):
        ids.append((await begin(platform, campaign))["id"])
        await asyncio.sleep(0.002)  # ids grow by the millisecond

    async def listed(**query: Any) -> tuple[list[str], str | None]:
        page = (await platform.get("/v1/imports", **query)).json()
        return [item["id"] for item in page["items"]], page["next"]

    assert await listed() == (ids[::-1], None)
    assert await listed(campaign=first) == ([ids[2], ids[0]], None)
    page, more = await listed(limit=2)
    assert page == [ids[2], ids[1]]
    assert await listed(limit=2, cursor=more) == ([ids[0]], None)
    assert (await platform.get("/v1/imports", cursor="%")).json()["field"] == "cursor"
    assert (await other.get("/v1/imports", campaign=first)).json()["items"] == []


async def test_one_that_falls_silent_counts_as_stopped_until_it_is_heard_of(both: Api) -> None:
    platform = await both.platform()
    id_ = (await begin(platform, await platform.campaign()))["id"]
    now_ms = time.time_ns() // 1_000_000
    async with both.service.reads.database.begin() as connection:
        await connection.execute(update(tables.imports).values(seen_ms=now_ms - reads.SILENT_MS - 1))
    silent = (await platform.get(f"/v1/imports/{id_}")).json()
    assert silent["state"] == "stopped"
    assert silent["ended"] == silent["seen"]
    assert (await change(platform, id_, rows=5, used=5, refused=0))["state"] == "running"


async def test_old_ones_are_forgotten(both: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "KEPT", 2)
    platform, other = await both.platform(), await both.platform("Others")
    campaign = await platform.campaign()
    theirs = await begin(other, await other.campaign())
    ids = []
    for _ in range(4):
        ids.append((await begin(platform, campaign))["id"])
        await asyncio.sleep(0.002)
    assert (await platform.get(f"/v1/imports/{ids[1]}")).status_code == 404
    assert [(await platform.get(f"/v1/imports/{id_}")).status_code for id_ in ids[2:]] == [200, 200]
    assert (await other.get(f"/v1/imports/{theirs['id']}")).status_code == 200
    row = await both.service.reads.one(select(func.count()).select_from(tables.imports))
    assert row is not None
    assert row[0] == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"file": ""}, "file"), ({"file": "a\nb"}, "file"), ({"connector": "My Turk"}, "connector"), ({"x": 1}, "x")],
)
async def test_what_is_not_taken(platform: Platform, wrong: dict[str, Any], field: str) -> None:
    reply = await platform.post("/v1/imports", new(await platform.campaign()) | wrong)
    assert (reply.status_code, reply.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rows": -1}, "rows"),
        ({"rows": "1"}, "rows"),
        ({"rows": 2**53}, "rows"),
        ({"state": "paused"}, "state"),
        ({"written": {"pledge": 1}}, "written.pledge"),
        ({"detail": "x" * 1001}, "detail"),
    ],
)
async def test_what_is_no_progress(platform: Platform, wrong: dict[str, Any], field: str) -> None:
    id_ = (await begin(platform, await platform.campaign()))["id"]
    reply = await platform.api.http.patch(
        f"/v1/imports/{id_}", headers=platform.headers, json={"rows": 1, "used": 1, "refused": 0} | wrong
    )
    assert (reply.status_code, reply.json()["field"]) == (422, field)
