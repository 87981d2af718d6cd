"""A real server process: deliveries cut off on their way, and the process killed in the middle of its work."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.hooks.waiting import answer
from tests.integration.api.running import ADMIN_KEY, BRIEF
from tests.integration.api.serving import Server, serving

DELIVERIES = 40
CAMPAIGN = {
    "title": "Which sentence follows?",
    "type": "rating",
    "brief": BRIEF,
    "terms": "Answer honestly.",
    "policy": {"name": "piece_rate", "amount": "5"},
    "budget": "5000",
}


def asked(server: Server, method: str, path: str, key: str, body: Any = None) -> Any:
    reply = httpx.request(method, server.url + path, json=body, headers={"Authorization": f"Bearer {key}"})
    assert reply.is_success, reply.text
    return reply.json()


def delivered(server: Server, hook: Any, body: Any) -> httpx.Response:
    headers = {"X-CrowdLedger-Secret": hook["secret"]}
    return httpx.post(server.url + urlsplit(hook["url"]).path, json=body, headers=headers)


def cut_off(server: Server, hook: Any) -> None:
    """The sender goes away in the middle of its body."""
    place = urlsplit(server.url)
    lines = (
        f"POST {urlsplit(hook['url']).path} HTTP/1.1",
        f"host: {place.netloc}",
        "content-type: application/json",
        "content-length: 100",
        f"x-crowdledger-secret: {hook['secret']}",
    )
    with socket.create_connection((str(place.hostname), place.port or 80)) as connection:
        connection.sendall("\r\n".join(lines).encode() + b'\r\n\r\n{"response_id": "r')


def states(server: Server, hook: Any, key: str) -> list[str]:
    page = asked(server, "GET", f"/v1/hooks/{hook['id']}/deliveries?limit=200", key)
    return [each["state"] for each in page["items"]]


@pytest.mark.long
def test_cut_off_and_killed(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    ready = False
    with suppress(AssertionError), serving(tmp_path, sqlite_database_url, log_signer) as server:
        platform = asked(server, "POST", "/v1/platforms", ADMIN_KEY, {"name": "Answers Ltd"})
        campaign = asked(server, "POST", "/v1/campaigns", platform["key"], CAMPAIGN)["id"]
        hook = asked(server, "POST", "/v1/hooks", platform["key"], {"connector": "forms", "campaign": campaign})
        cut_off(server, hook)
        for number in range(DELIVERIES):
            assert delivered(server, hook, answer(number)).status_code == 200
        ready = True
        os.kill(server.pid, signal.SIGKILL)
    assert ready
    file = sqlite_database_url.partition("///")[2]
    with closing(sqlite3.connect(file)) as database, database:  # the lease of the one that was killed runs out
        database.execute("UPDATE hooks SET held_until_ms = 0")
    with serving(tmp_path, sqlite_database_url, log_signer) as server:
        end = time.monotonic() + 30
        while "waiting" in states(server, hook, platform["key"]):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert states(server, hook, platform["key"]) == ["done"] * DELIVERIES
        page = asked(server, "GET", f"/v1/contributions?campaign={campaign}&limit=200", platform["key"])
        people = sorted(each["contributor"] for each in page["items"])
        assert people == sorted(f"anonymous:r{number}" for number in range(DELIVERIES))
