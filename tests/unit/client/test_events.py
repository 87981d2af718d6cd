"""Streams of events that are none, or lie: either client says so and asks no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from ledger.client import Client, events
from ledger.errors import FormatError, UnavailableError
from tests.unit.client.both import KINDS, Kind, Script, outcome

SSE = {"Content-Type": "text/event-stream; charset=utf-8"}
EVENT = b'data: {"id":"evt_main_7","number":7,"type":"claim.paid","timestamp":"2026-11-22T03:14:00.123Z","data":{}}\n\n'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.client.patience._FIRST_SECONDS", 0.001)
    monkeypatch.setattr("ledger.client.sse.DEFAULT_RETRY_SECONDS", 0.001)


class Streams:
    """Answers with one stream after the other; the last one again and again. Keeps the ids that were asked for."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers.get("last-event-id"))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply() if callable(reply) else httpx.Response(200, headers=SSE, content=reply)


def follow(kind: Kind, streams: Streams) -> Any:
    return outcome(kind, streams, lambda client: client.follow_events(after=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "reply",
    [
        partial(httpx.Response, 200, html="<title>Sign in to the network</title>"),
        partial(httpx.Response, 200, json={"items": []}),
        partial(httpx.Response, 204),
    ],
)
def test_what_is_no_stream_is_said(kind: Kind, reply: Callable[[], httpx.Response]) -> None:
    """A page of a proxy, say, would be read again and again, and nothing would ever come of it."""
    streams = Streams(reply)
    with pytest.raises(FormatError, match="no stream of events"):
        follow(kind, streams)
    assert streams.asked == ["1"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("id_", ["é", "x\x01y", "7, 8", "12345678901234567"])
def test_an_id_that_no_event_has_is_not_sent_back(kind: Kind, id_: str) -> None:
    """It would go into a header."""
    for rest in (b"\n", EVENT):
        streams = Streams(f"id: {id_}\n".encode() + rest)
        with pytest.raises(FormatError, match="not the id"):
            follow(kind, streams)
        assert streams.asked == ["1"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_model_takes_is_said(kind: Kind) -> None:
    with pytest.raises(FormatError, match="An event of the stream"):
        follow(kind, Streams(b"id: 7\ndata: {}\n\n"))


@pytest.mark.parametrize("kind", KINDS)
def test_streams_that_bring_nothing_are_given_up(kind: Kind) -> None:
    streams = Streams(b"id: 5\n\n", b"")
    with pytest.raises(UnavailableError, match="end before they begin"):
        follow(kind, streams)
    assert streams.asked == ["1"] + ["5"] * (events._MOST_SILENT + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_streams_that_cannot_be_unpacked_are_given_up(kind: Kind) -> None:
    headers = SSE | {"Content-Encoding": "gzip"}
    streams = Streams(lambda: httpx.Response(200, headers=headers, stream=Bytes(b"no gzip")))
    with pytest.raises(UnavailableError, match="incorrect header"):
        follow(kind, streams)
    assert len(streams.asked) == events._MOST_SILENT + 1


class Bytes(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes as it is."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self.data

    async def __aiter__(self) -> Any:
        yield self.data


@pytest.mark.parametrize("kind", KINDS)
def test_lists_that_do_not_move_on_end(kind: Kind) -> None:
    page = {"items": [], "next": 1, "more": True, "oldest": None, "published_to": 9}
    with pytest.raises(FormatError, match="gives none"):
        outcome(kind, Script(page), lambda client: client.events(1))
    with pytest.raises(FormatError, match="no end"):
        outcome(kind, Script(*[{"items": [], "next": "a"}] * 2), lambda client: client.mandates())


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_without_words_is_named(kind: Kind) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    with pytest.raises(UnavailableError, match="ReadTimeout"):
        outcome(kind, silent, lambda client: client.me(), patience_seconds=0)


def test_an_event_comes_once_though_its_stream_breaks() -> None:
    streams = Streams(b"id: 7\n" + EVENT + b"id: 8\ndata: {", b"id: 9\n\n" + EVENT)
    with Client("http://crowd.test", transport=httpx.MockTransport(streams)) as client:
        found = client.follow_events(after=1)
        assert [next(found).number, next(found).number] == [7, 7]
    assert streams.asked == ["1", "7"]
