"""Connections to the services, kept open and shared out evenly, each with one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from typing import Final

from scripts.bench.load import ReplyReader

_PATIENCE_SECONDS: Final = 60.0
_KEPT_SECONDS: Final = 3.0
"""A service closes what is idle for five seconds: a connection that old is not used again."""


class LineError(Exception):
    """There is no connection, it broke, or no reply came in time."""


class Lines:
    """Asks the services on ``ports`` in turn, as a proxy in front of them would."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._turn = cycle(ports)
        self._idle: dict[int, list[_Line]] = {port: [] for port in ports}

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The reply's status and body. Raises LineError."""
        port, line = await self._line()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                reply = await line.ask(request)
        except OSError as error:  # a TimeoutError too
            line.transport.abort()
            raise LineError(type(error).__name__) from error
        self._idle[port].append(line)
        return reply

    async def _line(self) -> tuple[int, _Line]:
        """A connection to the next service that takes one."""
        for _ in self._idle:
            port = next(self._turn)
            line = self._kept(port)
            if line is not None:
                return port, line
            with suppress(OSError):
                _, line = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", port)
                return port, line
        raise LineError("refused")

    def close(self) -> None:
        """Close what is idle."""
        for lines in self._idle.values():
            for line in lines:
                line.transport.abort()
            lines.clear()

    def _kept(self, port: int) -> _Line | None:
        """The one that was used last, so that those which are not needed grow old."""
        kept, now = self._idle[port], asyncio.get_running_loop().time()
        while kept:
            line = kept.pop()
            if not line.transport.is_closing() and now - line.used < _KEPT_SECONDS:
                return line
            line.transport.abort()
        return None


class _Line(ReplyReader):
    def __init__(self) -> None:
        super().__init__()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self.used = 0.0

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def replied(self, status: bytes, body: bytes) -> None:
        self.used = asyncio.get_running_loop().time()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((int(status), body))
        self._waiting = None

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("The connection was closed."))
        self._waiting = None
