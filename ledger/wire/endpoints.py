"""Where a platform is told of events (webhooks that we send), and how each sending went (docs/webhooks.md)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from ledger.statements.values import MAX_COUNT
from ledger.wire.events import EVENT_TYPES, EventType
from ledger.wire.values import Model

MAX_ENDPOINTS: Final = 10
"""Of a platform."""
MAX_AT_ONCE: Final = 8
MAX_OVERLAP_SECONDS: Final = 7 * 86_400
SendingState = Literal["waiting", "sent", "dead"]


def _distinct(types: list[EventType]) -> list[EventType]:
    if len(set(types)) != len(types):
        raise ValueError("a type is named once")
    return types


Types = Annotated[list[EventType], Field(max_length=len(EVENT_TYPES)), AfterValidator(_distinct)]
EndpointUrl = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
AtOnce = Annotated[int, Field(ge=1, le=MAX_AT_ONCE)]
Description = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class NewEndpoint(Model):
    """An endpoint to make. No types: all. ``at_once`` requests are under way at a time; 1 keeps the events' order."""

    url: EndpointUrl
    types: Types = Field(default_factory=list)
    description: Description = ""
    at_once: AtOnce = 1


class EndpointChange(Model):
    """What is to change of an endpoint; what is left out or null stays."""

    url: EndpointUrl | None = None
    types: Types | None = None
    description: Description | None = None
    at_once: AtOnce | None = None
    state: Literal["enabled", "disabled"] | None = None


class Rotation(Model):
    """Both secrets sign for so many seconds."""

    old_for_seconds: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] = 86_400


class Replay(Model):
    """Send all events again whose number is greater than ``after``."""

    after: Annotated[int, Field(ge=0, le=MAX_COUNT)]


class Endpoint(Model):
    """An endpoint. ``cursor`` is the number of the last event that was sent or tried, or was not wanted.

    ``detail`` says why the service disabled it. ``failing_since``: nothing has arrived since then. ``waiting`` and
    ``dead`` count sendings, up to 1,000: those to be tried again, and those given up.
    """

    id: str
    url: str
    types: list[EventType]
    description: str
    at_once: int
    state: Literal["enabled", "disabled"]
    detail: str | None
    made: str
    cursor: int
    failing_since: str | None
    paused_until: str | None
    """Nothing is sent before that: the endpoint failed several times, or asked for it (Retry-After)."""
    old_secret_until: str | None
    waiting: int
    dead: int


class EndpointWritten(Endpoint):
    """The same, with the secret. It is shown this once."""

    secret: str = Field(repr=False)


class Sending(Model):
    """An event that was sent, or is tried again at ``next_try``. ``status`` and ``words`` are of the last answer."""

    event: int
    id: str
    """The ``webhook-id``, the same at each try."""
    type: EventType | None
    """Null where the event is not kept any longer."""
    state: SendingState
    tries: int
    tried: str | None
    next_try: str | None
    took_ms: int | None
    status: int | None
    words: str | None


class EndpointTested(Model):
    """How a test went: whether the endpoint answered 2xx. ``words`` are its answer's first, or why there is none."""

    id: str
    arrived: bool
    status: int | None
    words: str
    took_ms: int
