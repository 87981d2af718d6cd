"""Idempotency-Key: done once, answered as often as it is asked, and nothing of it readable in the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from eth_account import Account
from sqlalchemy import select, update

from api import repeats
from ledger.db.tables import repeats as table
from tests.integration.api.members import linked_in, member_of
from tests.integration.api.people import signed_in, signed_in_by
from tests.integration.api.running import ADMIN_KEY, BRIEF, ON_BOTH, Api

NEW: dict[str, Any] = {"name": "Answers"}
REPLAYED = "idempotency-replayed"


async def register(api: Api, key: str, new: dict[str, Any] = NEW, token: str = ADMIN_KEY) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    return await api.http.post("/v1/platforms", json=new, headers=headers)


async def rows(api: Api) -> list[Any]:
    return list(await api.service.reads.all(select(table)))


@ON_BOTH
async def test_the_same_again_gets_the_first_reply(both: Api) -> None:
    await both.platform()
    first = await register(both, "a-1")
    again = await register(both, '"a-1"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    for name in ("content-type", "content-security-policy", "cache-control"):
        assert first.headers[name] == again.headers[name]
    other = await register(both, "a-2")
    assert other.json()["id"] != first.json()["id"]
    assert len(await rows(both)) == 2


async def test_the_database_gives_the_new_key_away_to_nobody(api: Api) -> None:
    await api.platform()
    key = (await register(api, "a")).json()["key"]
    (row,) = await rows(api)
    assert key not in repr(row)
    assert row.reply is not None
    await change(api, reply=row.reply[:-8] + "AAAAAAA=")
    damaged = await register(api, "a")
    assert damaged.status_code == 409
    assert "damaged" in damaged.json()["detail"]


async def change(api: Api, **values: Any) -> None:
    async with api.service.reads.database.begin() as connection:
        await connection.execute(update(table).values(values))


async def test_another_request_with_the_same_key(api: Api) -> None:
    await api.platform()
    await register(api, "a")
    other = await register(api, "a", {"name": "Questions"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/repeat")
    assert "another request" in other.json()["detail"]


async def test_another_callers_key_is_another_key(api: Api) -> None:
    platform = await api.platform()
    mine = {"Idempotency-Key": "k", **platform.headers}
    assert (await api.http.post("/v1/keys", json={"scopes": ["submit"]}, headers=mine)).status_code == 201
    theirs = {**(await api.platform("Others")).headers, "Idempotency-Key": "k"}
    reply = await api.http.post("/v1/keys", json={"scopes": ["submit"]}, headers=theirs)
    assert reply.status_code == 201
    assert REPLAYED not in reply.headers
    stored = await rows(api)
    assert len({row.request for row in stored}) == 2, "a row must not be found by guessing the body"


@ON_BOTH
async def test_many_at_once_are_one(both: Api) -> None:
    await both.platform()
    replies = await asyncio.gather(*(register(both, "a") for _ in range(12)))
    made = {reply.json()["id"] for reply in replies if reply.status_code == 201}
    assert len(made) == 1
    assert {reply.status_code for reply in replies} <= {201, 409}
    listed = await both.service.reads.all(select(table))
    assert len(listed) == 1


async def test_what_was_refused_may_be_tried_again(api: Api) -> None:
    await api.platform()
    assert (await register(api, "a", {"name": ""})).status_code == 422
    assert (await register(api, "a", token="cl_" + "0" * 16 + "_" + "0" * 64)).status_code == 401
    assert await rows(api) == []
    assert (await register(api, "a")).status_code == 201


async def test_a_first_request_that_was_lost(api: Api) -> None:
    await api.platform()
    await register(api, "a")
    await change(api, reply=None)
    assert "under way" in (await register(api, "a")).json()["detail"]
    await change(api, at_ms=time.time_ns() // 1_000_000 - 120_000)
    lost = await register(api, "a")
    assert lost.status_code == 409
    assert "may have been done" in lost.json()["detail"]
    await change(api, at_ms=time.time_ns() // 1_000_000 - repeats.KEPT_MS - 1000)
    assert (await register(api, "a")).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, '"', "é"])
async def test_no_key(api: Api, key: str) -> None:
    await api.platform()
    headers = [(b"Authorization", f"Bearer {ADMIN_KEY}".encode()), (b"Idempotency-Key", key.encode())]
    reply = await api.http.post("/v1/platforms", json=NEW, headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (400, "/problems/malformed")


async def test_hot_paths_batches_and_bodies(api: Api) -> None:
    platform = await api.platform()
    new = {
        "title": "t",
        "type": "rating",
        "brief": BRIEF,
        "terms": "t",
        "policy": {"name": "piece_rate", "amount": "1"},
    }
    opened = await api.http.post("/v1/campaigns", json={**new, "budget": "100"}, headers=platform.headers)
    assert opened.status_code == 201, opened.text
    work = {"campaign": opened.json()["id"], "contributor": "ann", "content": {"a": 1}}
    headers = {**platform.headers, "Idempotency-Key": "w"}
    first, again = [await api.http.post("/v1/contributions", json=work, headers=headers) for _ in range(2)]
    assert first.status_code == 201
    assert again.content == first.content
    batch = await api.http.post("/v1/contributions/batch", json={"items": [work]}, headers=headers)
    assert batch.status_code == 400
    assert "external_id" in batch.json()["remedy"]
    huge = await api.http.post("/v1/contributions", json={**work, "content": "x" * 3_000_000}, headers=headers)
    assert huge.status_code == 413
    bodiless = await api.http.post("/v1/settlements", headers=headers)
    assert bodiless.status_code in (202, 409, 503)


async def test_old_rows_go(api: Api) -> None:
    await api.platform()
    for number in range(5):
        await register(api, f"a{number}")
    await change(api, at_ms=1)
    await register(api, "b")
    assert len(await rows(api)) == 1


async def test_a_file_is_streamed_whatever_key_comes_with_it(api: Api) -> None:
    """Its body is not bounded as those of other requests are, so that it must never be gathered in memory."""
    platform = await api.platform()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 65_536
            yield bytes(65_536)

    key = {"Idempotency-Key": "f", "Content-Type": "image/png"}
    stranger = await api.http.post("/v1/files", content=endless(), headers=key)
    assert (stranger.status_code, sent) == (401, 0)
    stored = await api.http.post("/v1/files", content=endless(), headers={**key, **platform.headers})
    assert (stored.status_code, stored.json()["bytes"]) == (201, sent)
    assert await rows(api) == []


async def test_a_removal_of_a_file_has_a_small_body_if_any(api: Api) -> None:
    async def large() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(65_536)

    headers = {"Idempotency-Key": "f", **(await api.platform()).headers}
    reply = await api.http.request("DELETE", "/v1/files/" + "0" * 64, content=large(), headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (413, "/problems/too-large")


async def test_a_database_that_fails_is_said_as_on_every_path(api: Api) -> None:
    await api.platform()
    async with api.service.reads.database.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE repeats")
    reply = await register(api, "a")
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/database-unavailable")
    assert "retry-after" in reply.headers


async def test_a_key_that_ended_gets_no_reply_again(api: Api) -> None:
    """It may have been stolen, and the reply holds the key that took its place."""
    platform = await api.platform()
    headers = {"Idempotency-Key": "rotate", **platform.headers}
    path = f"/v1/keys/{platform.key.split('_')[1]}/rotate"

    async def rotate(overlap_seconds: int) -> httpx.Response:
        return await api.http.post(path, json={"overlap_seconds": overlap_seconds}, headers=headers)

    first, again = await rotate(60), await rotate(60)
    assert (first.status_code, again.headers[REPLAYED]) == (201, "true")
    new = {"Authorization": f"Bearer {first.json()['key']}"}
    assert (await api.http.delete(path.removesuffix("/rotate"), headers=new)).status_code == 201
    late = await rotate(60)
    assert late.status_code == 401
    assert first.json()["key"] not in late.text


@pytest.mark.parametrize("authorization", [None, "Bearer made up", "Bearer cl_" + "0" * 16 + "_" + "0" * 64])
async def test_strangers_fill_no_table(api: Api, authorization: str | None) -> None:
    await api.platform()
    headers = {"Idempotency-Key": "a"} | ({"Authorization": authorization} if authorization else {})
    reply = await api.http.post("/v1/entries/find", json={"leaf_hash": "0" * 64}, headers=headers)
    assert reply.status_code in (200, 404), reply.text
    asked = await api.http.post("/v1/sessions/message", json={"address": "0x" + "11" * 20}, headers=headers)
    assert asked.status_code in (200, 201), asked.text
    assert await rows(api) == []


async def test_keys_of_members_count_for_each_of_them(api: Api) -> None:
    platform = await api.platform()
    one, two = await member_of(platform, "owner", "One"), await member_of(platform, "owner", "Two")
    new = {"name": "Rita", "role": "reviewer"}
    key = {"Idempotency-Key": "k"}
    first = await one.ask("POST", "/v1/members", new, **key)
    again = await one.ask("POST", "/v1/members", new, **key)
    assert (first.status_code, again.content, again.headers[REPLAYED]) == (201, first.content, "true")
    other = await two.ask("POST", "/v1/members", new, **key)
    assert other.json()["member"] != first.json()["member"], "another member's key is another key"
    anew = await linked_in(platform, one.id)
    refused = await anew.ask("POST", "/v1/members", new, **key)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/repeat")
    assert len((await platform.get("/v1/members")).json()["items"]) == 4, "one of each, whatever was sent again"
    await one.ask("PATCH", f"/v1/members/{one.id}", {"role": "viewer"})
    ended = await one.ask("POST", "/v1/members", new, **key)
    assert ended.status_code == 401, "a session that ended gets no reply again"


async def test_keys_of_contributors_count(api: Api) -> None:
    platform = await api.platform()
    work = await platform.contribution(await platform.campaign(appeal_window=86_400))
    await platform.decision(work["id"], verdict="rejected")
    ann = await signed_in(platform)
    headers = ann.headers | {"Idempotency-Key": "k"}
    appeal = {"contribution": work["id"], "grounds": "Look again."}
    first = await api.http.post("/v1/appeals", json=appeal, headers=headers)
    again = await api.http.post("/v1/appeals", json=appeal, headers=headers)
    assert (first.status_code, again.content, again.headers[REPLAYED]) == (201, first.content, "true")
    (row,) = await rows(api)
    assert "Look again" not in repr(row)
    nobody = await signed_in_by(api, Account.create())
    strangers = {"Authorization": f"Bearer {nobody.token}", "Idempotency-Key": "k"}
    asked = await api.http.post("/v1/sessions/message", json={"address": "0x" + "11" * 20}, headers=strangers)
    assert asked.status_code == 200
    assert len(await rows(api)) == 1, "anybody has as many wallets as they like"
