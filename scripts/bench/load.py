"""An HTTP/1.1 client in a process of its own, quick enough never to be what is measured.

It sends requests that are bytes already, over connections that stay open, one at a time each, and reads of a reply no
more than the status, the length and, of some, the body.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import uvloop

_PATIENCE_SECONDS = 120.0
Ordered = TypeVar("Ordered")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where; every ``sample``-th reply's body is kept, of all others only that it came.

    Several servers on ``ports`` share the connections evenly.
    """

    ports: Sequence[int]
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


class ReplyReader(asyncio.Protocol):
    """One connection's replies, each with its length and no other before it is read."""

    def __init__(self) -> None:
        self._seen = b""
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Some of a reply."""
        seen = self._seen + data if self._seen else data
        end = seen.find(b"\r\n\r\n")
        if end >= 0:
            at = seen.find(b"content-length: ", 0, end) + 16
            length = int(seen[at : seen.find(b"\r", at)])
            if len(seen) - end - 4 == length:
                self._seen = b""
                self.replied(seen[9:12], seen[end + 4 :])
                return
        self._seen = seen

    def replied(self, status: bytes, body: bytes) -> None:
        """A reply is whole."""
        raise NotImplementedError


class _Sender(ReplyReader):
    """One connection: sends, waits for the whole reply, sends again."""

    def __init__(self, work: _Work) -> None:
        super().__init__()
        self._work = work
        self._sent = 0.0
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send()

    def replied(self, status: bytes, body: bytes) -> None:
        self._work.answered(time.perf_counter() - self._sent, status, body)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self._waits:  # one that has nothing left to send may be closed
            self._work.fail(f"the server closed the connection: {error}")

    def _send(self) -> None:
        request = next(self._work.left, None)
        self._waits = request is not None
        if request is not None:
            self._sent = time.perf_counter()
            self.transport.write(request)


async def _drive(order: Order) -> Answered:
    work = _Work(order)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    transports = []
    try:
        for port in islice(cycle(order.ports), order.connections):
            transport, _ = await loop.create_connection(lambda: _Sender(work), "127.0.0.1", port)
            transports.append(transport)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await work.done
        return Answered(time.perf_counter() - started, work.latencies, work.bodies)
    finally:
        for transport in transports:
            transport.abort()


def _serve(pipe: Pipe, drive: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
    while True:
        order = pipe.recv()
        if order is None:
            return
        try:
            pipe.send(uvloop.run(drive(order)))
        except Exception as error:
            pipe.send(error)


class Apart(Generic[Ordered, Given]):
    """A process of its own that carries out orders by ``drive``, of which it has its own copy; a context manager."""

    def __init__(self, drive: Callable[[Ordered], Coroutine[Any, Any, Given]]) -> None:
        self._drive = drive

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._drive), name="load")
        self._process.start()
        theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(BrokenPipeError):  # it was stopped by the same signal
            self._pipe.send(None)
        self._process.join()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process.pid is not None
        return self._process.pid

    def begin(self, order: Ordered) -> None:
        """Let it begin; ``ended`` says when it has ended, ``result`` how."""
        self._pipe.send(order)

    def ended(self, seconds: float) -> bool:
        """Whether it has ended, or does so within ``seconds``."""
        return self._pipe.poll(seconds)

    def result(self) -> Given:
        """Wait for what came of it. Raises RuntimeError where it stopped."""
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise RuntimeError(f"The load client stopped: {type(answer).__name__}: {answer}") from answer
        return cast(Given, answer)

    def run(self, order: Ordered) -> Given:
        """Begin, and wait for the result."""
        self.begin(order)
        return self.result()


class Load(Apart[Order, Answered]):
    """The client's process: sends all requests of an order, and refuses the first reply that is not as expected."""

    def __init__(self) -> None:
        super().__init__(_drive)
