"""One definition, two clients: what is run at once, what is awaited, and how many are on their way."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ledger import wire
from ledger.client import AsyncClient, Client
from ledger.client.calls import run, run_each
from ledger.client.core import path_of
from ledger.errors import FormatError, UnauthorizedError, UnavailableError
from tests.unit.client.both import KINDS, URL, Kind, Script, outcome

ID = "01935b1e-0000-7000-8000-000000000000"
WRITTEN = {"id": "i", "index": 1, "status": "recorded", "url": "u", "receipt": {}, "opening": None}
GOOD = {"code": 201, **WRITTEN}


def contributions(count: int) -> list[wire.NewContribution]:
    return [wire.NewContribution(campaign=ID, contributor="ann", content=n, external_id=f"e-{n}") for n in range(count)]


def test_a_coroutine_that_waits_is_refused() -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="event loop"):
        run(waits())


def test_a_listing_that_is_given_up_is_closed() -> None:
    closed = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(10):
                yield number
        finally:
            closed.append(True)

    walked = run_each(numbers())
    assert [next(walked), next(walked)] == [0, 1]
    del walked
    gc.collect()
    assert closed == [True]
    assert list(run_each(numbers())) == list(range(10))


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_asked_for_when_they_are_needed(kind: Kind) -> None:
    line = {"id": ID, "index": 1, "at": "", "type": "news", "text": "News.", "digest": ""}
    script = Script({"items": [line], "next": "a b"}, {"items": [line], "next": None})
    assert len(outcome(kind, script, lambda client: client.notices(ID))) == 2
    assert [request.url.query for request in script.requests] == [b"", b"cursor=a+b"]
    with pytest.raises(FormatError):
        outcome(kind, Script({"items": [{}], "next": None}), lambda client: client.notices(ID))


def test_names_in_paths_are_quoted() -> None:
    assert path_of("/v1/a/{}/b/{}", "x/../y?z#é%", 7) == "/v1/a/x%2F..%2Fy%3Fz%23%C3%A9%25/b/7"
    for name in ("", ".", ".."):
        with pytest.raises(FormatError):
            path_of("/v1/a/{}", name)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_keep_their_order_and_limits(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.wire.MAX_BATCH_ITEMS", 4)

    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["items"]
        assert 1 <= len(items) <= 4
        return httpx.Response(200, json={"results": [GOOD | {"id": item["external_id"]} for item in items]})

    found = outcome(kind, answer, lambda client: client.submit_many(iter(contributions(11))))
    assert [each.id for each in found] == [f"e-{n}" for n in range(11)]
    assert outcome(kind, answer, lambda client: client.submit_many([])) == []
    wrong = Script({"results": [GOOD]})
    with pytest.raises(FormatError):
        outcome(kind, wrong, lambda client: client.submit_many(contributions(2)))


async def test_so_many_batches_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.wire.MAX_BATCH_ITEMS", 1)
    flying, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.005)
        flying -= 1
        (item,) = json.loads(request.content)["items"]
        return httpx.Response(200, json={"results": [GOOD | {"id": item["external_id"]}]})

    for concurrency in (1, 3):
        most = 0
        async with AsyncClient(URL, transport=httpx.MockTransport(answer), concurrency=concurrency) as client:
            found = await client.submit_many(contributions(12))
        assert most == concurrency
        assert [each.id for each in found if isinstance(each, wire.Written)] == [f"e-{n}" for n in range(12)]


async def test_a_batch_that_fails_stops_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.wire.MAX_BATCH_ITEMS", 1)
    ended = 0
    began = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal ended, began
        began += 1
        if b'"e-1"' in request.content:
            return httpx.Response(401, json={"type": "/problems/unauthorized", "detail": "No."})
        await asyncio.sleep(0.02)
        ended += 1
        return httpx.Response(200, json={"results": [GOOD]})

    async with AsyncClient(URL, transport=httpx.MockTransport(answer), concurrency=3) as client:
        with pytest.raises(UnauthorizedError):
            await client.submit_many(contributions(50))
    assert began <= 5
    assert ended < began
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_is_cut_is_no_whole_one(kind: Kind, tmp_path: Path) -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b'{"id":1}\n{"id":2}\n')

    with pytest.raises(FormatError, match="last line"):
        outcome(kind, cut, lambda client: client.export_accepted(ID))

    def whole(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content='{"id":"\u2028"}\n{"end":true,"count":1}\n'.encode())

    assert outcome(kind, whole, lambda client: client.export_accepted(ID)) == [{"id": "\u2028"}]
    later = Script(503, 503, 503)
    with pytest.raises(UnavailableError):
        outcome(kind, later, lambda client: client.download("00", tmp_path / "x"), patience_seconds=0.15)
    assert list(tmp_path.iterdir()) == []


def test_a_url_that_is_none_is_refused_and_the_key_is_not_shown() -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(FormatError):
            kind("example.org")
        assert "secret" not in repr(kind(URL, "secret"))
