"""Events as platforms read them: lists and streams, each platform its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert, update

from api import streaming, streams
from api.reads.events import Wanted
from ledger.db import Database
from ledger.db.tables import event_cursors, events
from ledger.errors import UnauthorizedError
from ledger.wire.events import EVENT_TYPES
from tests.integration.api.running import Api, Platform

NAMES = {
    "contribution": "01a20000-0000-7000-8000-00000000000c", "campaign": "c", "contributor": "p", "decision": "d",
    "appeal": "a", "account": "0xa", "chain_id": 1, "pool": "0xb", "number": 3, "entry": 7,
}  # fmt: skip


async def tell(database: Database, *told: tuple[str, str], log: str = "main") -> None:
    """Write events (platform, type) as the worker does: with the next numbers, in one transaction."""
    async with database.begin() as connection:
        cursor = event_cursors.c
        number = (await connection.execute(cursor.number.table.select().where(cursor.log == log))).one_or_none()
        last = 0 if number is None else number.number
        rows = [
            {"log": log, "number": last + place, "type": type_, "platform": platform}
            | {"at_ms": 1_000 * (last + place), "data": json.dumps(NAMES), "told_ms": _now_ms()}
            for place, (platform, type_) in enumerate(told, 1)
        ]
        await connection.execute(insert(events), rows)
        if number is None:
            first = {"log": log, "number": len(told), "entries": 9, "done": 0, "anchored": 0}
            await connection.execute(insert(event_cursors).values(first))
        else:
            await connection.execute(update(event_cursors).where(cursor.log == log).values(number=last + len(told)))


def _now_ms() -> int:
    """A server that runs beside a test would remove old events."""
    return time.time_ns() // 1_000_000


@pytest.fixture
async def told(api: Api) -> tuple[Platform, Platform]:
    """Two platforms with all types of events each, the second one's first."""
    return await two_platforms(api)


async def two_platforms(api: Api) -> tuple[Platform, Platform]:
    mine, other = await api.platform("Mine"), await api.platform("Other")
    await tell(api.service.reads.database, *((each.id, type_) for type_ in EVENT_TYPES for each in (other, mine)))
    return mine, other


async def test_a_platform_reads_its_own_events(both: Api) -> None:
    told = await two_platforms(both)
    mine, _ = told
    numbers = []
    for each in told:
        reply = (await each.get("/v1/events")).json()
        assert [item["type"] for item in reply["items"]] == list(EVENT_TYPES)
        assert (reply["next"], reply["more"], reply["oldest"], reply["published_to"]) == (18, False, 1, 9)
        numbers += [item["number"] for item in reply["items"]]
    assert sorted(numbers) == list(range(1, 19))
    first = (await mine.get("/v1/events", limit=1)).json()
    assert (first["next"], first["more"]) == (2, True)
    assert first["items"] == [
        {
            "id": "evt_main_2",
            "number": 2,
            "type": "contribution.recorded",
            "timestamp": "1970-01-01T00:00:02.000Z",
            "data": NAMES
            | {
                "urls": {
                    "contribution": f"http://crowd.test/v1/contributions/{NAMES['contribution']}",
                    "receipt": f"http://crowd.test/v1/contributions/{NAMES['contribution']}/receipt",
                }
            },
        }
    ]


async def test_pages_and_types(both: Api) -> None:
    mine, _ = await two_platforms(both)
    seen: list[int] = []
    after, more = 0, True
    while more:
        page = (await mine.get("/v1/events", after=after, limit=2)).json()
        seen += [item["number"] for item in page["items"]]
        after, more = page["next"], page["more"]
    assert (seen, after) == (list(range(2, 19, 2)), 18)
    some = (await mine.get("/v1/events", types="claim.paid, decision.made", limit=1)).json()
    assert ([item["type"] for item in some["items"]], some["next"], some["more"]) == (["decision.made"], 4, True)
    rest = (await mine.get("/v1/events", types="claim.paid,decision.made", after=some["next"])).json()
    assert ([item["type"] for item in rest["items"]], rest["next"], rest["more"]) == (["claim.paid"], 18, False)
    none = (await mine.get("/v1/events", after=100)).json()
    assert (none["items"], none["next"], none["more"]) == ([], 100, False)


async def test_a_log_without_a_worker_says_so(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    await platform.contribution(campaign)
    reply = (await platform.get("/v1/events")).json()
    assert reply == {"items": [], "next": 0, "more": False, "oldest": None, "published_to": 0}


async def test_what_cannot_be_asked(told: tuple[Platform, Platform]) -> None:
    mine, _ = told
    for query in ({"types": "decision"}, {"types": ""}, {"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 201}):
        reply = await mine.get("/v1/events", **query)
        assert (reply.status_code, reply.json()["type"]) == (422, "/problems/field-invalid"), query
    for number in ("x", "-1", "1.0", "00", "9" * 17):
        headers = mine.headers | {"Accept": "text/event-stream", "Last-Event-ID": number}
        reply = await mine.api.http.get("/v1/events", headers=headers)
        assert (reply.status_code, reply.json()["field"]) == (422, "Last-Event-ID")


class Reader:
    """A stream that is read by an ASGI client, event by event; httpx's own waits for the end of the reply."""

    def __init__(self, api: Api, headers: dict[str, str], query: str = "") -> None:
        self.status = 0
        self.sent: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._left = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": "/v1/events", "raw_path": b"/v1/events", "root_path": "",
            "query_string": query.encode(), "http_version": "1.1", "scheme": "http", "server": ("crowd.test", 80),
            "client": ("127.0.0.1", 1), "asgi": {"version": "3.0", "spec_version": "2.3"}, "app": api.app,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        self.task = asyncio.create_task(api.app(scope, self._receive, self._send))
        self._asked = False

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["body"]:
            await self.sent.put(message["body"])
        if not message.get("more_body", True):
            await self.sent.put(None)

    async def events(self, count: int) -> Sequence[dict[str, Any]]:
        """The next events; other frames are left out."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                part = await self.sent.get()
                assert part is not None, "the stream has ended"
                for text in part.decode().split("\n\n"):
                    lines = dict(line.partition(": ")[::2] for line in text.splitlines())
                    if "data" in lines:
                        event = json.loads(lines["data"])
                        assert (lines["id"], lines["event"]) == (str(event["number"]), event["type"])
                        found.append(event)
        return found

    async def leave(self) -> None:
        self._left.set()
        await asyncio.wait_for(self.task, 10)


@asynccontextmanager
async def reading(platform: Platform, query: str = "", **headers: str) -> AsyncIterator[Reader]:
    reader = Reader(platform.api, platform.headers | {"Accept": "text/event-stream", **headers}, query)
    try:
        yield reader
    finally:
        await reader.leave()


async def test_a_stream_goes_on_where_the_last_one_ended(told: tuple[Platform, Platform]) -> None:
    mine, other = told
    database = mine.api.service.reads.database
    async with reading(mine, "after=0") as first:
        seen = await first.events(9)
        assert [each["number"] for each in seen] == list(range(2, 19, 2))
        assert seen == (await mine.get("/v1/events")).json()["items"], "the same in both"
        await tell(database, (other.id, "claim.paid"), (mine.id, "claim.paid"))
        assert [each["number"] for each in await first.events(1)] == [20]
    await tell(database, (mine.id, "decision.made"), (mine.id, "claim.paid"))
    async with reading(mine, "after=0", **{"Last-Event-ID": "20"}) as second:
        assert [each["number"] for each in await second.events(2)] == [21, 22]
    async with reading(mine, "types=claim.paid&after=18") as some, reading(mine) as new:
        assert [each["number"] for each in await some.events(2)] == [20, 22]
        await asyncio.sleep(1.2)  # it has looked
        await tell(database, (mine.id, "appeal.filed"))
        assert [each["number"] for each in await new.events(1)] == [23]
        assert some.sent.empty()


async def test_a_slow_moment_of_the_database_is_not_made_longer(told: tuple[Platform, Platform]) -> None:
    mine, _ = told
    service, database = mine.api.service, mine.api.service.reads.database
    quick = service.last_event._read

    async def slow() -> int:
        service.last_event._read = quick
        await asyncio.sleep(1.5)
        return await quick()

    async with reading(mine, "after=0") as stream:
        await stream.events(9)
        service.last_event._read = slow
        service.last_event.forget()
        await tell(database, (mine.id, "claim.paid"))
        began = time.monotonic()
        assert [each["number"] for each in await stream.events(1)] == [19]
        await tell(database, (mine.id, "claim.paid"))  # after what was read slowly, and is kept a while
        assert [each["number"] for each in await stream.events(1)] == [20]
        assert time.monotonic() - began < 9  # kept twenty times as long as it took: half a minute


async def test_many_pages_come_whole(told: tuple[Platform, Platform]) -> None:
    mine, _ = told
    await tell(mine.api.service.reads.database, *((each.id, "decision.made") for _ in range(250) for each in told))
    async with reading(mine, "after=18") as stream:
        found = await stream.events(250)
    assert [each["number"] for each in found] == list(range(19, 519, 2))


async def test_streams_are_few_and_are_given_back(told: tuple[Platform, Platform]) -> None:
    mine, other = told
    open_ = [Reader(mine.api, mine.headers | {"Accept": "text/event-stream"}) for _ in range(10)]
    for each in open_:
        assert await asyncio.wait_for(each.sent.get(), 10) == b"retry: 2000\nid: 18\n\n"
    refused = await mine.api.http.get("/v1/events", headers=mine.headers | {"Accept": "text/event-stream"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-attempts")
    async with reading(other, "after=0") as others:
        assert len(await others.events(9)) == 9
    for each in open_:
        await each.leave()
    async with reading(mine, "after=0") as again:
        assert len(await again.events(9)) == 9
    assert not mine.api.service.streams.total


async def test_signs_of_life_and_the_end(api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.1)
    key = (await platform.post("/v1/keys", {"scopes": ["submit"]})).json()
    with_key = {"Authorization": f"Bearer {key['key']}", "Accept": "text/event-stream"}
    stream = Reader(api, with_key)
    for wanted in (b"retry: 2000\nid: 0\n\n", b": still here\nid: 0\n\n"):
        assert await asyncio.wait_for(stream.sent.get(), 10) == wanted
    reply = await api.http.delete(f"/v1/keys/{key['id']}", headers=platform.headers)
    assert reply.status_code < 300, reply.text
    await asyncio.wait_for(stream.task, 10)
    monkeypatch.setattr(streaming, "LONGEST_SECONDS", 0.2)
    await asyncio.wait_for(Reader(api, platform.headers | {"Accept": "text/event-stream"}).task, 10)
    api.app.state.ending.asked = True
    monkeypatch.setattr(streaming, "LONGEST_SECONDS", 100)
    await asyncio.wait_for(Reader(api, platform.headers | {"Accept": "text/event-stream"}).task, 10)
    assert streams.MOST_OF_A_PLATFORM == 10


async def test_a_revoked_key_reads_no_backlog_to_its_end(
    told: tuple[Platform, Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0)
    monkeypatch.setattr(streaming, "_PAGE", 1)
    mine, _ = told
    left = iter((True, True))

    async def allowed() -> None:
        if not next(left, False):
            raise UnauthorizedError("The key was revoked.")

    service = mine.api.service
    want = Wanted(mine.id, EVENT_TYPES)
    found = [frame async for frame in streaming.frames(service, want, 0, mine.api.app.state.ending, allowed)]
    assert sum(b"data: " in each for each in found) == 2


async def test_old_events_are_gone_and_it_is_said(told: tuple[Platform, Platform]) -> None:
    mine, _ = told
    async with mine.api.service.reads.database.begin() as connection:
        await connection.execute(delete(events).where(events.c.number <= 10))
    reply = (await mine.get("/v1/events")).json()
    assert (reply["oldest"], reply["items"][0]["number"]) == (11, 12)


async def test_no_key_opens_no_stream(api: Api) -> None:
    reply = await api.http.get("/v1/events", headers={"Accept": "text/event-stream"})
    assert isinstance(reply, httpx.Response)
    assert reply.status_code == 401
