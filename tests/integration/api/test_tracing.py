"""Every reply has its request's id, and where the operator wants it every request a line that gives nothing away."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, BRIEF, Api, Platform, running, settings

ID = "x-request-id"
FIELDS = ("method", "path", "status", "bytes", "ms", "key", "first_entry", "last_entry", "entries")


@pytest.fixture
async def api(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    async with running(settings(tmp_path, sqlite_database_url, log_signer, log_requests=True)) as found:
        yield found


async def campaign(platform: Platform) -> str:
    new = {
        "title": "t",
        "type": "rating",
        "brief": BRIEF,
        "terms": "t",
        "policy": {"name": "piece_rate", "amount": "1"},
    }
    reply = await platform.api.http.post("/v1/campaigns", json={**new, "budget": "100"}, headers=platform.headers)
    assert reply.status_code == 201, reply.text
    found: str = reply.json()["id"]
    return found


@pytest.mark.parametrize("path", ["/", "/health", "/v1/nothing", "/checkpoint", "/tile/0/000", "/docs"])
async def test_every_reply_has_an_id(api: Api, path: str) -> None:
    first, second = [(await api.http.get(path)).headers[ID] for _ in range(2)]
    assert first != second
    given = await api.http.get(path, headers={ID: "proxy-1.a_B"})
    assert given.headers[ID] == "proxy-1.a_B"
    for bad in ("", "x" * 65, "a b", "<script>"):
        assert (await api.http.get(path, headers={ID: bad})).headers[ID] != bad


async def test_a_line_a_request(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    opened = await campaign(platform)
    api = platform.api
    caplog.clear()
    caplog.set_level(logging.INFO, "crowdledger.requests")
    items = [{"campaign": opened, "contributor": "ann", "content": {"secret": n}} for n in range(3)]
    headers = {**platform.headers, ID: "mine"}
    one = await api.http.post("/v1/contributions?token=secret", json=items[0], headers=headers)
    many = await api.http.post("/v1/contributions/batch", json={"items": items}, headers=headers)
    read = await api.http.get("/v1/contributions", params={"external_id": "secret"}, headers=platform.headers)
    assert (one.status_code, many.status_code, read.status_code) == (201, 200, 200)
    assert one.headers[ID] == "mine"
    lines = [_fields(record) for record in caplog.records if record.name == "crowdledger.requests"]
    index = one.json()["index"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/v1/contributions", 201),
        ("POST", "/v1/contributions/batch", 200),
        ("GET", "/v1/contributions", 200),
    ]
    assert lines[0]["bytes"] == len(one.content)
    assert (lines[0]["first_entry"], lines[0]["entries"]) == (index, 1)
    assert (lines[1]["first_entry"], lines[1]["last_entry"], lines[1]["entries"]) == (index + 1, index + 3, 3)
    assert "entries" not in lines[2]
    assert {line["key"] for line in lines} == {platform.headers["Authorization"].split("_")[1]}
    told = caplog.text + repr(lines)
    for never in ("secret", "ann", platform.key.rpartition("_")[2], ADMIN_KEY):
        assert never not in told


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
