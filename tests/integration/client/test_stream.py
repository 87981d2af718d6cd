"""Events as they happen, from a real service through a connection that breaks."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from ledger.client import AsyncClient, Client
from ledger.db import Database
from ledger.db.urls import parse_url
from ledger.errors import FieldError, UnavailableError
from tests.integration.api.serving import Server
from tests.integration.api.test_events import tell
from tests.integration.client.awaited import KINDS, connected, every
from tests.services.databases import sqlite_url


class Line:
    """A way to the service that can be cut, and be closed for a while."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=[one, other], daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break all connections."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def close(self) -> None:
        """Break them, and let nobody in any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def reopen(self) -> None:
        """Let them in again."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    found = Line(server.url)
    yield found
    found.close()


@contextmanager
def following(kind: type, url: str, key: str, patience: float = 8, **more: Any) -> Iterator[queue.Queue[Any]]:
    """Events, and what ends them, as somebody who follows gets them."""
    found: queue.Queue[Any] = queue.Queue()
    ended = threading.Event()

    def follow() -> None:
        try:
            with Client(url, key, patience_seconds=patience) as client:
                for event in client.follow_events(**more):
                    found.put(event)
                    if ended.is_set():
                        return
        except Exception as error:
            found.put(error)

    async def follow_awaited() -> None:
        async with AsyncClient(url, key, patience_seconds=patience) as client:
            async for event in client.follow_events(**more):
                found.put(event)
                if ended.is_set():
                    return

    def run() -> None:
        try:
            asyncio.run(follow_awaited())
        except Exception as error:
            found.put(error)

    thread = threading.Thread(target=follow if kind is Client else run, daemon=True)
    thread.start()
    yield found
    ended.set()


@pytest.fixture
def happen(server: Server, key: str) -> Any:
    """Write events of the platform, as the worker does."""
    with Client(server.url, key) as client:
        platform = client.current_key().platform

    def write(*types: str) -> None:
        async def told() -> None:
            database = Database(parse_url(sqlite_url(server.folder / "crowdledger.sqlite")))
            await tell(database, *((platform, type_) for type_ in types))
            await database.close()

        asyncio.run(told())

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_goes_on_where_it_broke(kind: type, line: Line, key: str, happen: Any) -> None:
    happen("contribution.recorded", "decision.made")
    with following(kind, line.url, key, after=0) as found:
        first, second = found.get(timeout=20), found.get(timeout=20)
        line.cut()
        happen("decision.final")
        third = found.get(timeout=20)
        line.close()
        happen("claim.paid", "claim.paid")
        line.reopen()
        last = [found.get(timeout=20), found.get(timeout=20)]
        events = [first, second, third, *last]
        assert [event.type for event in events] == [
            "contribution.recorded",
            "decision.made",
            "decision.final",
            "claim.paid",
            "claim.paid",
        ]
        assert len({event.number for event in events}) == 5
        assert [event.number for event in events] == sorted(event.number for event in events)
        assert found.empty()
        happen("claim.paid")  # the one that ends it
        found.get(timeout=20)


@pytest.mark.parametrize("kind", [Client, pytest.param(AsyncClient, marks=pytest.mark.long)])
def test_who_asks_from_now_on_misses_nothing_either(kind: type, line: Line, key: str, happen: Any) -> None:
    happen("decision.made")
    with following(kind, line.url, key, types=["claim.paid"]) as found:
        with pytest.raises(queue.Empty):
            found.get(timeout=0.7)
        line.cut()
        happen("claim.paid", "decision.made")
        assert found.get(timeout=20).type == "claim.paid"
        happen("claim.paid")
        assert found.get(timeout=20).type == "claim.paid"


@pytest.mark.parametrize("kind", [pytest.param(Client, marks=pytest.mark.long), AsyncClient])
def test_a_service_that_is_gone_is_said(kind: type, line: Line, key: str, happen: Any) -> None:
    happen("decision.made")
    with following(kind, line.url, key, patience=0.5, after=0) as found:
        found.get(timeout=20)
        line.close()
        assert isinstance(found.get(timeout=30), UnavailableError)


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_end(kind: type, server: Server, key: str, happen: Any) -> None:
    await asyncio.to_thread(happen, *["decision.made", "claim.paid"] * 120)
    async with connected(kind, server.url, key) as client:
        events = await every(client.events())
        assert [event.type for event in events] == ["decision.made", "claim.paid"] * 120
        assert len(await every(client.events(events[99].number, types=["claim.paid"]))) == 70
        assert await every(client.events(events[-1].number)) == []
        with pytest.raises(FieldError):
            await every(client.follow_events(types=["nothing"]))
