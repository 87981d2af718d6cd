"""A real HTTP server that takes webhooks, answers what a test wants, and keeps what came."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Taken:
    """A request as it came, and when it began."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b"Thank you"
    headers: tuple[str, ...] = ()


Answering = Callable[[Taken], Awaitable[Reply]]


@dataclass
class Receiver:
    """The server. ``answer`` may be changed at any time; ``most_at_once`` counts requests under way together."""

    answer: Answering
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told"

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.taken]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await self._one(reader, writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        taken = Taken(first.split(" ")[1], headers, await reader.readexactly(int(headers.get("content-length", "0"))))
        self.taken.append(taken)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            reply = await self.answer(taken)
        finally:
            self._at_once -= 1
        head = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(reply.body)}", *reply.headers]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + reply.body)
        await writer.drain()


async def thanks(_: Taken) -> Reply:
    """Every request is taken."""
    return Reply()


@asynccontextmanager
async def receiving(answer: Answering = thanks) -> AsyncIterator[Receiver]:
    """A receiver on a free port, for the block."""
    receiver = Receiver(answer)
    talks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(receiver.talk(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for talk in list(talks):
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
