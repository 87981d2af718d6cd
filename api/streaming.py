"""Server-sent events (WHATWG HTML, section 9.2): a reply that goes on as things happen, within bounds.

One look a second at the log's last number serves all streams of a process. A stream ends after a while, with the key it
was opened with, and when the server ends; the reader opens another one and names the last event it has seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.ending import Ending
from api.reads.events import Wanted, list_events
from api.service import Service
from ledger.errors import CrowdLedgerError
from ledger.wire.events import Event, encode

LONGEST_SECONDS: Final = 1_800.0
BEAT_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.5
_PAGE: Final = 100
_FIRST: Final = b"retry: 2000\nid: %d\n\n"
_BEAT: Final = b": still here\nid: %d\n\n"
"""Both say how far the reader is, by an id without an event: one that saw no event yet goes on there too."""


class EventStream(StreamingResponse):
    """The reply. ``slot`` is given back with its end, however it comes about."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], release: Callable[[], None]) -> None:
        # Proxies that gather replies before they pass them on would keep events from who waits for them.
        super().__init__(frames, headers={"X-Accel-Buffering": "no"})
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. A reader that stops reading is left after a minute more than a stream may last."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SECONDS + 60):
                    await super().__call__(scope, receive, send)
        finally:
            self._release()


async def frames(
    service: Service, want: Wanted, after: int, ending: Ending, still_allowed: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """What a stream sends: the events beyond the number ``after``, then others as they come, and signs of life.

    ``still_allowed`` raises once the reader's key was revoked.
    """
    yield _FIRST % after
    end = time.monotonic() + LONGEST_SECONDS
    beat, seen = time.monotonic(), -1
    with suppress(CrowdLedgerError):  # the reader comes back, and is told then
        while not ending.asked and time.monotonic() < end:
            if time.monotonic() - beat >= BEAT_SECONDS:  # amid very many events too
                await still_allowed()
                beat = time.monotonic()
                yield _BEAT % after
            last = await service.last_event.get()
            if last > seen:
                found = await list_events(service.reads, service.public_url, want, after, _PAGE)
                if found:
                    after = found[-1].number
                    yield b"".join(frame(each) for each in found)
                if len(found) == _PAGE:
                    continue
                seen = last
                after = max(after, last)
            await asyncio.sleep(_LOOK_SECONDS)


def frame(event: Event) -> bytes:
    """An event on the wire; its JSON is one line."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.type.encode(), encode(event))
