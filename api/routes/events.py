"""What happened, for platforms: as lists, and as a stream of server-sent events."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.reads.events import Wanted, list_events, oldest_event, published
from api.service import Service, service_of
from api.streaming import EventStream, frames
from ledger.errors import FieldError
from ledger.statements.values import MAX_COUNT
from ledger.wire import MAX_PAGE_ITEMS
from ledger.wire.events import EVENT_TYPES, Events, EventType

router = APIRouter(prefix="/v1/events", tags=["events"])
_STREAM: Final = "text/event-stream"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A list, or with `Accept: text/event-stream` a stream of the same events.",
        "content": {_STREAM: {"schema": {"type": "string"}}},
    }
}


@router.get("", response_model=Events, responses=_REPLIES)
async def list_or_stream(
    request: Request,
    caller: Annotated[Caller, needs(None)],
    after: Annotated[
        int | None, Query(ge=0, le=MAX_COUNT, description="The number of the last event you have.")
    ] = None,
    types: Annotated[
        str | None, Query(max_length=400, description="Types, with commas between; all by default.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 100,
    last_event_id: Annotated[str | None, Header(max_length=40, description="Where a stream goes on.")] = None,
) -> Events | Response:
    """What happened to your platform's things, by ascending number, of the last ninety days.

    With `Accept: text/event-stream` the reply is a stream of server-sent events that goes on behind `Last-Event-ID` or
    `after`, without either from now on. It ends after half an hour: connect again.
    """
    service = service_of(request)
    want = Wanted(caller.platform, _types(types))
    if _STREAM in request.headers.get("accept", ""):
        return await _stream(request, service, want, after if last_event_id is None else _number(last_event_id))
    begin = after or 0
    number, entries = await published(service.reads)  # before the events: what is up to it and wanted is among them
    items = await list_events(service.reads, service.public_url, want, begin, limit + 1)
    more, items = len(items) > limit, items[:limit]
    last = items[-1].number if items else begin
    return Events(
        items=items,
        next=last if more else max(last, number),
        more=more,
        oldest=await oldest_event(service.reads),
        published_to=entries,
    )


async def _stream(request: Request, service: Service, want: Wanted, after: int | None) -> Response:
    begin = (await published(service.reads))[0] if after is None else after
    with ExitStack() as slot:
        slot.enter_context(service.streams.one(want.platform))
        ending = request.app.state.ending
        sent = frames(service, want, begin, ending, lambda: service.keys.caller(request, None))
        return EventStream(sent, slot.pop_all().close)


def _types(text: str | None) -> list[EventType]:
    """Raises FieldError for a type that there is not."""
    if text is None:
        return list(EVENT_TYPES)
    names = [name.strip() for name in text.split(",")]
    found: list[EventType] = [each for each in EVENT_TYPES if each in names]
    if len(found) < len(set(names)):
        raise FieldError(
            "types: There is no such type of event.", field="types", remedy=f"Choose among {', '.join(EVENT_TYPES)}."
        )
    return found


def _number(text: str) -> int:
    """Raises FieldError for what no event of ours has as its id."""
    if _NUMBER.fullmatch(text) is None:
        raise FieldError(
            "Last-Event-ID: This is not the id of an event of a stream.",
            field="Last-Event-ID",
            remedy="Send the last 'id' that the stream gave, a number.",
        )
    return int(text)
