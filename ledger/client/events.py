"""Calls about events: what happened, as a list that ends or as a stream that goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import httpx
from pydantic import ValidationError

from ledger.client import patience
from ledger.client.calls import listing
from ledger.client.core import Asked, Core
from ledger.client.later import Later
from ledger.client.sse import Message, Messages
from ledger.errors import FormatError

if TYPE_CHECKING:
    from ledger.wire import events as wire_events
else:
    wire_events = Later("ledger.wire.events")

SILENCE_SECONDS: Final = 60.0
"""A stream brings a heartbeat every 15 seconds; one that brings nothing for so long is dead."""
_MOST_SILENT: Final = 5


class EventCalls(Core):
    """Events of the platform."""

    @listing
    async def events(
        self, after: int = 0, *, types: Sequence[wire_events.EventType] = ()
    ) -> AsyncIterator[wire_events.Event]:
        """The events behind number ``after`` that are there now, of these types or of all, by their number."""
        more = True
        while more:
            page = await self._get("/v1/events", wire_events.Events, after=str(after), types=_types(types))
            for event in page.items:
                yield event
            after, more = page.next, page.more

    @listing
    async def follow_events(
        self, after: int | None = None, *, types: Sequence[wire_events.EventType] = ()
    ) -> AsyncIterator[wire_events.Event]:
        """The events behind number ``after``, or from now on, each as it happens, without an end.

        A stream that breaks or ends is opened again where it was, so that no event is missed and none comes twice.
        Raises UnavailableError where the service does not answer for as long as this client is patient.
        """
        last, silent = "" if after is None else str(after), 0
        while True:
            messages, heard = Messages(), False
            reply = await self._answer(_stream(last, types))
            try:
                async for chunk in self._chunks(reply):
                    heard = True
                    for message in messages.feed(chunk):
                        last = message.id
                        yield _event(message)
            except httpx.TransportError as error:
                if silent >= _MOST_SILENT:
                    raise self._unanswered(error) from error
            finally:
                await self._drop(reply)
            last = messages.last_id or last
            silent = 0 if heard else silent + 1
            await self._pause(max(messages.retry_seconds, patience.backoff(silent)))


def _stream(last: str, types: Sequence[wire_events.EventType]) -> Asked:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    query = {"types": _types(types)}
    return Asked("GET", "/v1/events", None, query, headers, True, stream=True, silence_seconds=SILENCE_SECONDS)


def _types(types: Sequence[wire_events.EventType]) -> str | None:
    return ",".join(types) or None


def _event(message: Message) -> wire_events.Event:
    try:
        return wire_events.Event.model_validate_json(message.data)
    except ValidationError as error:
        raise FormatError(
            f"The stream of events has what this client does not know: {error}.",
            remedy="Use client and service of the same version.",
        ) from error
