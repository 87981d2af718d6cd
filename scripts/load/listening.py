"""Readers of the stream of events, which notice how late an event comes and whether one comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from typing import Any

import orjson

from scripts.load.place import Place

_AGAIN_SECONDS = 0.25
_LINE_BYTES = 2**20


class Listener:
    """Reads on where the stream breaks off, from the next service.

    ``heard`` is told each event; ``wrong`` is what must not be.
    """

    def __init__(self, place: Place, number: int, heard: Callable[[dict[str, Any]], None]) -> None:
        first = number % len(place.ports)
        self._ports = cycle(place.ports[first:] + place.ports[:first])
        self._key = place.key
        self._heard = heard
        self._last: int | None = None
        self._last_event = 0
        self.wrong: list[str] = []
        self.events = 0

    async def run(self) -> None:
        """Read until it is cancelled."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._read()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", next(self._ports), limit=_LINE_BYTES)
        try:
            behind = "" if self._last is None else f"Last-Event-ID: {self._last}\r\n"
            head = f"GET /v1/events HTTP/1.1\r\nHost: load.local\r\nAccept: text/event-stream\r\n{behind}"
            writer.write(f"{head}Authorization: Bearer {self._key}\r\n\r\n".encode())
            status = (await reader.readuntil(b"\r\n\r\n"))[9:12]
            if status != b"200":  # the service is not there yet
                return
            while line := await reader.readline():
                self._line(line)
        finally:
            writer.close()

    def _line(self, line: bytes) -> None:
        if line.startswith(b"id: "):
            self._at(int(line[4:]))
        elif line.startswith(b"data: "):
            self._count()
            self._heard(orjson.loads(line[6:]))

    def _count(self) -> None:
        number = self._last or 0
        if number <= self._last_event:
            self.wrong.append(f"event {number} came behind event {self._last_event}")
        self._last_event = number
        self.events += 1

    def _at(self, number: int) -> None:
        """A number is of an event, or says up to where all is sent; it never goes back."""
        if self._last is not None and number < self._last:
            self.wrong.append(f"the stream went back from {self._last} to {number}")
        self._last = number
