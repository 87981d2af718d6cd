"""Spans of requests and of the writer's groups, as a real collector gets them; nothing of it without the setting."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, Api, running, settings
from tests.integration.worker.row_stores import PLACE
from tests.services.collector import Collector, collecting
from tests.services.receiver import receiving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLED = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=opaque"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@dataclass
class Traced:
    """A service that sends its spans when its block ends."""

    folder: Path
    database_url: str
    log_signer: LogSigner
    collector: Collector

    @asynccontextmanager
    async def service(self, **more: Any) -> AsyncIterator[Api]:
        (self.folder / "otlp.headers").write_text("Authorization: Basic c2VjcmV0\n\nX-Team: seven\n")
        own = {"otlp_url": self.collector.url, "otlp_headers_file": self.folder / "otlp.headers"}
        async with running(settings(self.folder, self.database_url, self.log_signer, **own | more)) as api:
            yield api


@pytest.fixture
def traced(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner, collector: Collector) -> Traced:
    return Traced(tmp_path, sqlite_database_url, log_signer, collector)


def item(campaign: str, number: int = 0) -> dict[str, Any]:
    return {"campaign": campaign, "contributor": "ann", "content": {"hidden": number}}


async def test_a_request_from_its_caller_to_the_commit(traced: Traced, collector: Collector) -> None:
    async with traced.service() as api:
        platform = await api.platform()
        campaign = await platform.campaign()
        headers = platform.headers | CALLED | {"X-Request-Id": "proxy-7"}
        one = await api.http.post("/v1/contributions?token=hidden", json=item(campaign), headers=headers)
        assert one.status_code == 201
        assert collector.spans == [], "nobody waits for the collector"
        shown = await api.http.get(f"/v1/contributions/{one.json()['id']}", headers=platform.headers)
        assert shown.status_code == 200
        for path in ("/health", "/ready", "/nothing/here"):
            await api.http.get(path)
    assert set(collector.paths) == {"/v1/traces"}
    assert (collector.headers["authorization"], collector.headers["x-team"]) == ("Basic c2VjcmV0", "seven")
    span, key = collector.one("POST /v1/contributions"), platform.key.split("_")[1]
    assert (span.kind, span.trace, span.parent, span.failed) == ("server", TRACE, PARENT, False)
    index = one.json()["index"]
    assert span.facts == {
        "http.request.method": "POST",
        "http.route": "/v1/contributions",
        "http.response.status_code": 201,
        "crowdledger.request": "proxy-7",
        "crowdledger.log": "main",
        "crowdledger.key": key,
        "crowdledger.first_entry": index,
        "crowdledger.last_entry": index,
        "crowdledger.entries": 1,
    }
    (group,) = [each for each in collector.named("log.append") if each.parent == span.id]
    assert (group.trace, group.kind, group.links) == (TRACE, "internal", ())
    assert group.facts == {
        "crowdledger.log": "main",
        "crowdledger.items": 1,
        "crowdledger.entries": 1,
        "crowdledger.size": index + 1,
    }
    assert 0 < group.seconds <= span.seconds
    read = collector.one("GET /v1/contributions/{contribution}")
    assert (read.parent, len(read.trace), "crowdledger.entries" in read.facts) == ("", 32, False)
    lost = collector.one("GET")
    assert (lost.facts["http.response.status_code"], lost.failed) == (404, False)
    assert not [each for each in collector.spans if "/health" in str(each) or "/ready" in str(each)]
    process = span.process
    assert (process["service.name"], process["crowdledger.process"]) == ("crowdledger", "serve")
    told = b"".join(collector.bodies)
    for never in ("hidden", "ann", platform.key.rpartition("_")[2], ADMIN_KEY, "c2VjcmV0"):
        assert never.encode() not in told


async def test_a_group_is_linked_with_all_who_wait_for_it(traced: Traced, collector: Collector) -> None:
    async with traced.service() as api:
        platform = await api.platform()
        campaign = await platform.campaign()
        posts = (
            api.http.post("/v1/contributions", json=item(campaign, number), headers=platform.headers)
            for number in range(12)
        )
        assert {reply.status_code for reply in await asyncio.gather(*posts)} == {201}
        items = [item(campaign, number) for number in range(20, 25)]
        many = await api.http.post("/v1/contributions/batch", json={"items": items}, headers=platform.headers)
        assert many.status_code == 200
    requests = {(each.trace, each.id) for each in collector.named("POST /v1/contributions")}
    assert len(requests) == 12
    groups = collector.named("log.append")
    shared = [group for group in groups if group.links]
    assert shared
    assert all((each.trace, each.parent) in requests for each in shared)
    below = {(group.trace, group.parent) for group in groups if group.parent}
    assert requests <= below | {link for group in shared for link in group.links}
    batch = collector.one("POST /v1/contributions/batch")
    assert batch.facts["crowdledger.last_entry"] - batch.facts["crowdledger.first_entry"] == 4
    assert [each.facts["crowdledger.items"] for each in groups if each.parent == batch.id] == [5]


async def test_a_request_of_ours_carries_the_trace_on(traced: Traced, collector: Collector) -> None:
    async with traced.service(private_addresses=True) as api, receiving() as receiver:
        api.service.deployment = PLACE  # somebody would send
        platform = await api.platform()
        made = await platform.post("/v1/endpoints", {"url": receiver.url + "?key=hidden"})
        assert made.status_code == 201, made.text
        path = f"/v1/endpoints/{made.json()['id']}/test"
        tested = await api.http.post(path, headers=platform.headers | CALLED)
        assert tested.json()["arrived"], tested.text
        came = receiver.taken[0].headers
    request, sent = collector.one("POST /v1/endpoints/{endpoint}/test"), collector.one("POST")
    assert (sent.kind, sent.trace, sent.parent) == ("client", TRACE, request.id)
    assert came["traceparent"] == f"00-{TRACE}-{sent.id}-01"
    assert came["tracestate"] == "vendor=opaque"
    assert sent.facts == {
        "server.address": "127.0.0.1",
        "server.port": receiver.port,
        "http.request.method": "POST",
        "http.response.status_code": 200,
    }
    assert b"hidden" not in b"".join(collector.bodies)


async def test_a_callers_flag_decides_nothing(traced: Traced, collector: Collector) -> None:
    async with traced.service(trace_share=0.25) as api:
        for number in range(1, 9):  # the share goes by the last 8 bytes of the trace's id
            for flags in ("00", "01"):
                trace = f"{'ab' * 8}{number * 2**60:016x}"
                await api.http.get("/v1/audit/summary", headers={"traceparent": f"00-{trace}-{PARENT}-{flags}"})
    assert len(collector.named("GET /v1/audit/summary")) == 6


@pytest.mark.long
def test_without_the_setting_nothing_is_loaded() -> None:
    program = (
        "import sys, api.app\n"
        "from ledger import spans\n"
        "never = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf')\n"
        "assert not [name for name in sys.modules if name.startswith(never)]\n"
        "assert spans.span('a', one=1) is spans.span('b') is spans.served([], 'GET')\n"
        "assert spans.here() is None and spans.ids() is None and spans.onward() == {}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
