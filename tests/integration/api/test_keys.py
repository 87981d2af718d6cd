"""Keys of a platform: those that expire, those that take another one's place, and when each was used."""

from __future__ import annotations

import time
from typing import Any

import httpx

from api.key_uses import note
from ledger.statements.values import format_time
from tests.integration.api.running import Api, Platform


async def ask(platform: Platform, method: str, path: str, new: Any = None, key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key or platform.key}"}
    return await platform.api.http.request(method, path, json=new, headers=headers)


async def listed(platform: Platform) -> dict[str, dict[str, Any]]:
    reply = await ask(platform, "GET", "/v1/keys")
    return {key["id"]: key for key in reply.json()["items"]}


def in_seconds(seconds: float) -> str:
    return format_time(time.time_ns() // 1_000_000 + int(seconds * 1000))


async def test_a_key_that_expires(both: Api) -> None:
    platform = await both.platform()
    made = await ask(platform, "POST", "/v1/keys", {"scopes": ["submit"], "expires": in_seconds(3)})
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    current = await ask(platform, "GET", "/v1/keys/current", key=key)
    assert current.status_code == 200
    assert current.json()["expires"] is not None
    async with _clock_of(both, seconds=4):
        late = await ask(platform, "GET", "/v1/keys/current", key=key)
        assert late.status_code == 401
        assert (await ask(platform, "GET", "/v1/keys/current")).status_code == 200
    rotated = await ask(platform, "POST", f"/v1/keys/{key.split('_')[1]}/rotate")
    keys = await listed(platform)
    assert keys[rotated.json()["key"].split("_")[1]]["expires"] == keys[key.split("_")[1]]["expires"]
    over = await ask(platform, "POST", "/v1/keys", {"scopes": ["submit"], "expires": in_seconds(-1)})
    assert (over.status_code, over.json()["field"]) == (422, "expires")
    naive = await ask(platform, "POST", "/v1/keys", {"scopes": ["submit"], "expires": "2030-01-01T00:00:00"})
    assert (naive.status_code, naive.json()["field"]) == (422, "expires")


class _clock_of:  # used as a word
    """The stored time of every key that expires is moved back, as if so much time had gone by."""

    def __init__(self, api: Api, seconds: float) -> None:
        self._api = api
        self._ms = int(seconds * 1000)

    async def __aenter__(self) -> None:
        await self._move(-self._ms)

    async def __aexit__(self, *_: object) -> None:
        await self._move(self._ms)

    async def _move(self, by: int) -> None:
        from ledger.db.tables import api_keys

        async with self._api.service.reads.database.begin() as connection:
            await connection.execute(api_keys.update().values(expires_ms=api_keys.c.expires_ms + by))
        for key in list(self._api.service.keys._cache):
            self._api.service.keys.forget(key)


async def test_one_key_in_the_place_of_another(both: Api) -> None:
    platform = await both.platform()
    old = next(iter(await listed(platform)))
    refused = await ask(platform, "POST", "/v1/keys/0011223344556677/rotate")
    assert refused.status_code == 404
    made = await ask(platform, "POST", f"/v1/keys/{old}/rotate", {"overlap_seconds": 60})
    assert made.status_code == 201, made.text
    new = made.json()["key"]
    keys = await listed(platform)
    assert keys[old]["expires"] is not None
    assert keys[new.split("_")[1]] | {"last_used": None} == {
        "id": new.split("_")[1],
        "scopes": keys[old]["scopes"],
        "expires": None,
        "last_used": None,
    }
    entry = (await both.http.get(f"/v1/entries/{made.json()['index']}")).json()
    assert entry["statement"]["by"] == old
    at_once = await ask(platform, "POST", f"/v1/keys/{old}/rotate", {"overlap_seconds": 0}, key=new)
    assert at_once.status_code == 201
    assert (await ask(platform, "GET", "/v1/keys/current")).status_code == 401


async def test_when_keys_were_used(both: Api) -> None:
    platform = await both.platform()
    (own,) = (await listed(platform)).values()
    assert own["last_used"] is None
    uses = both.service.keys.taken_uses()
    assert set(uses) == {own["id"]}
    await note(both.service.reads, uses)
    (own,) = (await listed(platform)).values()
    assert own["last_used"] == format_time(uses[own["id"]])
    await note(both.service.reads, {own["id"]: 1})
    (own,) = (await listed(platform)).values()
    assert own["last_used"] == format_time(uses[own["id"]]), "an older time changes nothing"
    wrong = f"cl_{own['id']}_{'0' * 64}"
    assert (await ask(platform, "GET", "/v1/keys/current", key=wrong)).status_code == 401
