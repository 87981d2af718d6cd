"""Calls about events: what happened, as a list that ends or as a stream that goes on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import httpx
from pydantic import ValidationError

from ledger.client import patience
from ledger.client.batches import unknown
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
_EVENT_STREAM: Final = "text/event-stream"
_ID: Final = re.compile(r"[0-9]{1,16}")


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
            if page.more and page.next <= after:
                raise FormatError(f"The service says that events go on behind {after}, and gives none.")
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
            broken: httpx.HTTPError = httpx.RemoteProtocolError("its streams end before they begin")
            reply = await self._answer(_stream(last, types))
            try:
                _require_stream(reply)
                async for chunk in self._chunks(reply):
                    heard = True
                    for message in messages.feed(chunk):
                        last = _number(message.id)
                        yield _event(message)
            except httpx.HTTPError as error:
                broken = error
            finally:
                await self._drop(reply)
            last = _number(messages.last_id) or last
            silent = 0 if heard else silent + 1
            if silent > _MOST_SILENT:
                raise self._unanswered(broken) from broken
            await self._pause(max(messages.retry_seconds, patience.backoff(silent)))


def _stream(last: str, types: Sequence[wire_events.EventType]) -> Asked:
    headers = {"Accept": _EVENT_STREAM} | ({"Last-Event-ID": last} if last else {})
    query = {"types": _types(types)}
    return Asked("GET", "/v1/events", None, query, headers, True, stream=True, silence_seconds=SILENCE_SECONDS)


def _types(types: Sequence[wire_events.EventType]) -> str | None:
    return ",".join(types) or None


def _event(message: Message) -> wire_events.Event:
    try:
        return wire_events.Event.model_validate_json(message.data)
    except ValidationError as error:
        raise unknown("An event of the stream", error) from None


def _require_stream(reply: httpx.Response) -> None:
    """Raises FormatError for anything else, such as a proxy's page: it would be read for ever and say nothing."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _EVENT_STREAM:
        raise FormatError(
            f"The service's reply to {reply.request.url.path} is '{kind}', no stream of events.",
            remedy="Check the URL, and what is between here and the service.",
        )


def _number(id_: str) -> str:
    """The id of a message, which is sent back as a header. Raises FormatError for one that no event has."""
    if id_ and _ID.fullmatch(id_) is None:
        raise FormatError(f"{id_[:40]!r} is not the id of an event of a stream.")
    return id_
