"""Replies over a real connection: the same bytes as ever, and short ones in one piece."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import uvicorn
import uvloop

from api.joined import Joined, JoinedProtocol

BODIES = {"/short": b"short", "/empty": b"", "/long": b"x" * 300_000}


async def application(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    if path == "/sent":
        body = (await receive())["body"]
        await _answer(send, b"got " + body)
    elif path == "/parts":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"first", b"second"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": b""})
    elif path == "/views":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await asyncio.sleep(0.02)
        changing = bytearray(b"one")
        for view in (changing, memoryview(b"two"), b"six"):
            await send({"type": "http.response.body", "body": view, "more_body": view != b"six"})
            changing[:] = b"xxx"
    elif path == "/broken":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    else:
        await _answer(send, BODIES[path])


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))  # connections wait in it until the server has started
    server = uvicorn.Server(uvicorn.Config(application, http=JoinedProtocol, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


class Client(asyncio.Protocol):
    """Keeps what comes, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.came = asyncio.Event()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.came.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()

    async def received(self, end: bytes) -> bytes:
        async with asyncio.timeout(5):
            while not b"".join(self.pieces).endswith(end):
                self.came.clear()
                await self.came.wait()
        return b"".join(self.pieces)


async def connect(port: int) -> tuple[asyncio.WriteTransport, Client]:
    return await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)


def request(path: str, method: str = "GET", *more: str) -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", *more, "", "")).encode()


async def test_head_and_body_of_a_short_reply_are_one_piece(port: int) -> None:
    transport, client = await connect(port)
    for _ in range(20):
        client.pieces.clear()
        transport.write(request("/short"))
        await client.received(b"\r\n\r\nshort")
        assert len(client.pieces) == 1
    transport.close()


async def test_long_replies_come_whole_and_in_order(port: int) -> None:
    transport, client = await connect(port)
    transport.write(request("/long") + request("/short"))
    whole = await client.received(b"\r\n\r\nshort")
    assert BODIES["/long"] in whole
    assert whole.count(b"HTTP/1.1 200") == 2
    transport.close()


@pytest.mark.parametrize(("path", "method"), [("/short", "HEAD"), ("/empty", "GET")])
async def test_replies_without_a_body_are_not_held_back(port: int, path: str, method: str) -> None:
    transport, client = await connect(port)
    transport.write(request(path, method))
    assert (await client.received(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    transport.close()


async def test_a_part_is_sent_before_the_next_is_made(port: int) -> None:
    transport, client = await connect(port)
    transport.write(request("/parts"))
    await client.received(b"5\r\nfirst\r\n")
    assert (await client.received(b"0\r\n\r\n")).endswith(b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")
    transport.close()


async def test_parts_may_be_views_of_what_changes(port: int) -> None:
    transport, client = await connect(port)
    transport.write(request("/views"))
    assert (await client.received(b"six")).endswith(b"\r\n\r\nonetwosix")
    transport.close()


async def test_who_sends_no_more_gets_what_was_held(port: int) -> None:
    transport, client = await connect(port)
    transport.write(request("/short", "HEAD"))
    transport.write_eof()
    async with asyncio.timeout(5):
        await client.lost.wait()
    assert b"".join(client.pieces).startswith(b"HTTP/1.1 200")


async def test_who_asks_whether_to_send_a_body_is_told(port: int) -> None:
    transport, client = await connect(port)
    transport.write(request("/sent", "POST", "Content-Length: 4", "Expect: 100-continue"))
    assert await client.received(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    transport.write(b"body")
    assert (await client.received(b"got body")).count(b"HTTP/1.1") == 2
    transport.close()


@pytest.mark.parametrize(
    ("sent", "reply"),
    [(b"no HTTP\r\n\r\n", b"HTTP/1.1 400"), (request("/broken"), b"HTTP/1.1 200")],
)
async def test_what_was_held_is_sent_before_a_connection_is_closed(port: int, sent: bytes, reply: bytes) -> None:
    transport, client = await connect(port)
    transport.write(sent)
    async with asyncio.timeout(5):
        await client.lost.wait()
    assert b"".join(client.pieces).startswith(reply)
    transport.close()


def test_who_writes_to_a_connection_that_is_gone_is_told() -> None:
    async def write() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Client, "127.0.0.1", 0)
        transport, client = await connect(server.sockets[0].getsockname()[1])
        transport.abort()
        await client.lost.wait()
        await asyncio.sleep(0)
        server.close()
        Joined(cast(asyncio.Transport, transport), loop).write(b"x")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(RuntimeError, match="closed"):
        runner.run(write())
