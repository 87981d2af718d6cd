"""One definition, two clients: what is run at once, what is awaited, and how many are on their way."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import traceback
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from ledger import wire
from ledger.client import AsyncClient
from ledger.client.calls import run, run_each
from ledger.client.core import path_of
from ledger.errors import FormatError, ProofError, UnauthorizedError, UnavailableError
from ledger.tree.keys import LogSigner
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


@pytest.mark.parametrize("kind", KINDS)
def test_a_url_that_is_none_is_refused_and_the_key_is_not_shown(kind: Kind) -> None:
    hosts = ("", "[::1", "h:x", "h:0", "h:99999", "h?key=1", "h#x", "ann:secret@h", "secret@h:1")
    for url in ("example.org", "ftp://h", *(f"http://{host}" for host in hosts)):
        with pytest.raises(FormatError) as refused:
            kind(url)
        assert "secret" not in str(refused.value)
    for url in (URL, "https://[::1]:8000/base/", "HTTP://h"):
        assert "secret" not in repr(kind(url, "secret"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["secret\n", "secr\u2019et", " secret", "sec\tret", ""])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(kind: Kind, key: str) -> None:
    with pytest.raises(FormatError) as refused:
        kind(URL, key)
    assert key.strip() == "" or key.strip() not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_that_no_model_takes_is_not_shown(kind: Kind) -> None:
    """Its key may be the only copy of it, and errors go into logs."""
    reply = {**WRITTEN, "key": "cl_secret", "more": "cl_secret"}
    with pytest.raises(FormatError, match="more: ") as refused:
        outcome(kind, Script(reply), lambda client: client.add_key(["submit"]))
    assert "cl_secret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lie", [{"code": 200}, GOOD | {"index": "1"}, GOOD | {"more": 1}])
def test_results_that_are_none_are_said(kind: Kind, lie: dict[str, object]) -> None:
    with pytest.raises(FormatError, match="result of a batch"):
        outcome(kind, Script({"results": [lie]}), lambda client: client.submit_many(contributions(1)))


@pytest.mark.parametrize("kind", KINDS)
def test_documents_that_are_none_are_said(kind: Kind) -> None:
    for text in (b"<html>", b"[1]", b'"\xff"', b"[" * 100_000):
        answer = partial(httpx.Response, 200, content=text + b"\n")
        with pytest.raises(FormatError, match="JSON object"):
            outcome(kind, lambda request: answer(), lambda client: client.export_accepted(ID))  # noqa: B023
        with pytest.raises(FormatError, match="JSON object"):
            outcome(kind, lambda request: answer(), lambda client: client.export())  # noqa: B023


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_stored_as_another_one_is_said(kind: Kind, tmp_path: Path) -> None:
    file = tmp_path / "song"
    file.write_bytes(b"mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    true = {"sha256": digest, "bytes": 4, "type": "audio/flac"}
    assert outcome(kind, Script(true), lambda client: client.upload(file, "audio/flac")) == true
    for lie in ({"sha256": "0" * 64}, {"bytes": 5}):
        with pytest.raises(ProofError):
            outcome(kind, Script(true | lie), lambda client: client.upload(file, "audio/flac"))


async def test_a_download_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    async with AsyncClient(URL, transport=httpx.MockTransport(answer)) as client:
        for turns in range(0, 40):
            download = asyncio.ensure_future(client.download("0" * 64, tmp_path / "file"))
            for _ in range(turns):
                await asyncio.sleep(0)
            download.cancel()
            await asyncio.wait([download])
        await asyncio.sleep(0.05)  # threads that were left alone
    assert os.listdir(tmp_path) == []


async def test_fewer_than_one_batch_at_a_time_is_refused() -> None:
    with pytest.raises(FormatError, match="concurrency"):
        AsyncClient(URL, concurrency=0)


async def test_calls_at_the_same_time_trust_one_key() -> None:
    """A service that names another key to each that asks is believed once."""
    keys = [LogSigner.generate("example.org/crowd").verifier_key.vkey for _ in range(4)]
    named = iter(keys)
    plain: dict[object, object] = {str: "", int: 0}
    fields = wire.AuditSummary.model_fields.items()
    summary = {name: plain.get(field.annotation, [] if name == "logs" else None) for name, field in fields}

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        if request.url.path == "/v1/audit/summary":
            return httpx.Response(200, json=summary | {"vkey": next(named)})
        return httpx.Response(200, content=b"{}")

    async with AsyncClient(URL, transport=httpx.MockTransport(answer), verify=True) as client:
        calls = [asyncio.ensure_future(client.entry_receipt(n)) for n in range(3)]
        await asyncio.wait(calls)
        assert [type(each.exception()) for each in calls] == [ProofError] * 3
        assert client.vkey == keys[0]
