"""The stream of events of a real server process, over a real connection that breaks."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.client import Client
from ledger.db import open_database
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY
from tests.integration.api.serving import Server, serving
from tests.integration.api.test_events import tell
from tests.services.databases import copy_sqlite

PATIENCE_SECONDS = 20.0


@pytest.fixture
def server(migrated_sqlite: Path, tmp_path: Path, log_signer: LogSigner) -> Iterator[Server]:
    url = copy_sqlite(migrated_sqlite, tmp_path / "crowdledger.sqlite")
    with serving(tmp_path, url, log_signer) as started:
        yield started


def write(server: Server, platform: str, count: int) -> None:
    """Events of a platform and of another one, from another process."""

    async def run() -> None:
        async with open_database(f"sqlite:///{server.folder / 'crowdledger.sqlite'}") as database:
            await tell(database, *((each, "decision.final") for _ in range(count) for each in ("other", platform)))

    asyncio.run(run())


def events(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    """The next events of a stream, line by line."""
    found: list[dict[str, Any]] = []
    id_ = ""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline
        name, _, value = next(lines).partition(": ")
        if name == "id":
            id_ = value
        elif name == "data":
            found.append(json.loads(value))
            assert id_ == str(found[-1]["number"])
    return found


def test_a_stream_over_a_connection_that_breaks(server: Server) -> None:
    with Client(server.url, ADMIN_KEY) as operator:
        platform = operator.register_platform("Answers Ltd")
    headers = {"Authorization": f"Bearer {platform.key}", "Accept": "text/event-stream"}
    write(server, platform.id, 3)
    seen: list[int] = []
    timeout = httpx.Timeout(PATIENCE_SECONDS)
    with httpx.Client(base_url=server.url, headers=headers, timeout=timeout) as http:
        with http.stream("GET", "/v1/events?after=0") as reply:
            assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert reply.headers["cache-control"] == "no-store"
            lines = reply.iter_lines()
            seen += [each["number"] for each in events(lines, 3)]
            write(server, platform.id, 2)
            seen += [each["number"] for each in events(lines, 2)]
        write(server, platform.id, 150)  # nobody is connected
        with http.stream("GET", "/v1/events?after=0", headers={"Last-Event-ID": str(seen[-1])}) as reply:
            seen += [each["number"] for each in events(reply.iter_lines(), 150)]
        assert seen == list(range(2, 311, 2)), "each once, in order"
        listed = http.get("/v1/events?limit=200", headers={"Accept": "application/json"}).json()
        assert [each["number"] for each in listed["items"]] == seen
        _ends_with_the_server(server, http, seen[-1])


def _ends_with_the_server(server: Server, http: httpx.Client, last: int) -> None:
    """A stream that is open keeps no server from ending, and ends as it should."""
    with http.stream("GET", f"/v1/events?after={last}") as reply:
        lines = reply.iter_lines()
        assert next(lines) == "retry: 2000"
        begun = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        assert not [line for line in lines if line.startswith("data")]
    assert time.monotonic() - begun < 10
