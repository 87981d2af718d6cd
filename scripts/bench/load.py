"""An HTTP/1.1 client in a process of its own, quick enough never to be what is measured.

It sends requests that are bytes already, over connections that stay open, one at a time each, and reads of a reply no
more than the status, the length and, of some, the body.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Self, cast

import uvloop

_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where; every ``sample``-th reply's body is kept, of all others only that it came."""

    port: int
    requests: Sequence[bytes]
    connections: int
    status: int
    sample: int = 50


@dataclass(frozen=True, slots=True)
class Answered:
    """How it went: seconds for all, the seconds of each request, and the bodies that were kept."""

    seconds: float
    latencies: list[float]
    bodies: list[bytes]

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return len(self.latencies) / self.seconds


class _Work:
    """What is left to send, and what came."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.left: Iterator[bytes] = iter(order.requests)
        self.latencies: list[float] = []
        self.bodies: list[bytes] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, latency: float, status: bytes, body: bytes) -> None:
        if status != b"%d" % self.order.status:
            self.fail(f"the reply was {status.decode()}: {body[:500].decode(errors='replace')}")
            return
        if len(self.latencies) % self.order.sample == 0:
            self.bodies.append(body)
        self.latencies.append(latency)
        if len(self.latencies) == len(self.order.requests) and not self.done.done():
            self.done.set_result(None)

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))


class _Sender(asyncio.Protocol):
    """One connection: sends, waits for the whole reply, sends again."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._seen = b""
        self._sent = 0.0
        self._waits = False
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        seen = self._seen + data if self._seen else data
        end = seen.find(b"\r\n\r\n")
        if end >= 0:
            at = seen.find(b"content-length: ", 0, end) + 16
            length = int(seen[at : seen.find(b"\r", at)])
            if len(seen) - end - 4 == length:
                self._seen = b""
                self._work.answered(time.perf_counter() - self._sent, seen[9:12], seen[end + 4 :])
                self._send()
                return
        self._seen = seen

    def connection_lost(self, error: Exception | None) -> None:
        if self._waits:  # one that has nothing left to send may be closed
            self._work.fail(f"the server closed the connection: {error}")

    def _send(self) -> None:
        request = next(self._work.left, None)
        self._waits = request is not None
        if request is not None:
            self._sent = time.perf_counter()
            self._transport.write(request)


async def _drive(order: Order) -> Answered:
    work = _Work(order)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    transports = []
    try:
        for _ in range(order.connections):
            transport, _ = await loop.create_connection(lambda: _Sender(work), "127.0.0.1", order.port)
            transports.append(transport)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await work.done
        return Answered(time.perf_counter() - started, work.latencies, work.bodies)
    finally:
        for transport in transports:
            transport.abort()


def _serve(pipe: Pipe) -> None:
    while True:
        order = pipe.recv()
        if order is None:
            return
        try:
            pipe.send(uvloop.run(_drive(order)))
        except Exception as error:
            pipe.send(error)


class Load:
    """The client's process; a context manager."""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), name="load")
        self._process.start()
        theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(BrokenPipeError):  # it was stopped by the same signal
            self._pipe.send(None)
        self._process.join()

    def run(self, order: Order) -> Answered:
        """Send all requests and wait for all replies. Raises RuntimeError with the first that is not as expected."""
        self._pipe.send(order)
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise RuntimeError(f"The load client stopped: {answer}") from answer
        assert isinstance(answer, Answered)
        return answer
