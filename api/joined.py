"""HTTP connections on which the head and the body of a short reply are one piece, and so one call of the system.

uvicorn writes each of its own, and where the transport sends at once (uvloop) that is a good part of what a small
reply costs, for the client too, which is woken twice. ``crowdledger serve`` names ``api.joined:JoinedProtocol``.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_JOINED_BYTES: Final = 65_536
"""What is longer is not copied."""


class JoinedProtocol(HttpToolsProtocol):
    """uvicorn's own protocol on a transport that joins."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a connection."""
        self._joined = Joined(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(cast(asyncio.Transport, self._joined))

    def eof_received(self) -> None:
        """The other side sends no more, at which the transport closes: it takes what was written before first."""
        self._joined.flush()
        super().eof_received()


class Joined:
    """A transport that holds what is written until the next write or the end of the event loop's turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send ``data`` after what is held, or hold it: a copy of what may change.

        What is closing gets it at once, and says at once to whoever writes that nobody is there any more.
        """
        held = self._held
        if held:
            self._held = b""
            if len(data) <= _MAX_JOINED_BYTES:
                self._transport.write(held + data)
                return
            self._transport.write(held)
        elif len(data) <= _MAX_JOINED_BYTES and not self.is_closing():
            self._held = bytes(data)
            self._loop.call_soon(self.flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is held."""
        held = self._held
        if held:
            self._held = b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's own."""
        return getattr(self._transport, name)
