"""Limits of rate over HTTP: told in every reply, refused with the time to wait, the hot paths included."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from ledger.log.reader import Head, Reader
from ledger.tree.keys import LogSigner
from tests.integration.api.running import Api, running, settings, until


async def test_limits_are_told_and_hold(tmp_path: Path, sqlite_database_url: str, log_signer: LogSigner) -> None:
    limits = {"key_requests_per_minute": 60, "address_requests_per_minute": 60}
    config = settings(tmp_path, sqlite_database_url, log_signer, **limits)
    async with running(config) as api:

        async def ready() -> bool:
            return (await api.http.get("/ready")).status_code == 200

        await until(ready)
        platform = await api.platform()
        headers = {"Authorization": f"Bearer {platform.key}"}

        async def write() -> httpx.Response:
            return await api.http.post("/v1/contributions", json={}, headers=headers)

        first = await write()  # the key is not known yet: it counts by address
        assert first.headers["ratelimit-policy"] == '"address";q=60;w=60'
        second = await write()
        assert second.headers["ratelimit"].startswith('"key";r=59;')
        refused = [reply for reply in [await write() for _ in range(70)] if reply.status_code == 429]
        assert refused
        assert refused[0].json()["type"] == "/problems/rate-limited"
        assert int(refused[0].headers["retry-after"]) >= 1
        assert refused[0].headers["ratelimit"].startswith('"key";r=0;')
        assert refused[0].headers["cache-control"] == "no-store"
        assert refused[0].headers["x-content-type-options"] == "nosniff"
        stranger = await api.http.get("/v1/audit/summary")
        assert stranger.status_code == 200
        assert stranger.headers["ratelimit-policy"] == '"address";q=60;w=60'
        assert "ratelimit" not in (await api.http.get("/health")).headers
        strangers = [(await api.http.get("/checkpoint")).status_code for _ in range(70)]
        assert 429 in strangers


async def test_asking_whether_it_is_ready_keeps_no_database_busy(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no limit, so that whoever watches the service is always answered."""
    await api.platform()
    read, at_once, most = api.service.reader.head, 0, 0

    async def counted(_: object) -> Head:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        found = await read()
        at_once -= 1
        return found

    monkeypatch.setattr(Reader, "head", counted)
    replies = await asyncio.gather(*(api.http.get("/ready") for _ in range(50)))
    assert {reply.status_code for reply in replies} == {200}
    assert most == 1
