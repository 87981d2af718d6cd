"""What platforms are told of: the same JSON in lists, in streams and in webhooks (docs/events.md)."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import msgspec

from ledger.statements.values import format_time
from ledger.wire.values import Model

EventType = Literal[
    "contribution.recorded",
    "decision.made",
    "decision.final",
    "appeal.filed",
    "appeal.resolved",
    "entry.anchored",
    "rewards.settled",
    "rewards.claimable",
    "claim.paid",
]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
_CONTRIBUTION: Final = {"contribution": "/v1/contributions/{contribution}"}
_REWARDS: Final = {"rewards": "/v1/rewards/{account}"}
_URLS: Final[dict[str, dict[str, str]]] = {
    "contribution.recorded": _CONTRIBUTION | {"receipt": "/v1/contributions/{contribution}/receipt"},
    "decision.made": _CONTRIBUTION | {"receipt": "/v1/decisions/{decision}/receipt"},
    "decision.final": _CONTRIBUTION,
    "appeal.filed": _CONTRIBUTION | {"entry": "/v1/entries/{entry}"},
    "appeal.resolved": _CONTRIBUTION | {"entry": "/v1/entries/{entry}"},
    "entry.anchored": {"checkpoint": "/checkpoint", "anchors": "/anchors"},
    "rewards.settled": {"settlement": "/s/{chain_id}/{pool}/{number}"},
    "rewards.claimable": _REWARDS,
    "claim.paid": _REWARDS,
}
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class Event(Model):
    """Something that happened. ``data`` are ids and ``urls``, by type; contents are where the addresses lead.

    ``id`` is the same wherever the event is read or sent; ``number`` counts a log's events.
    """

    id: str
    number: int
    type: EventType
    timestamp: str
    data: dict[str, Any]


class Events(Model):
    """Events by ascending number, and where to go on: ``next`` is the ``after`` of the next request."""

    items: list[Event]
    next: int
    more: bool
    """Whether there are more already."""
    oldest: int | None
    """The first event of the log that is still kept; what came before ``after`` and this one is gone."""
    published_to: int
    """Entries of the log whose events are there; it stays behind the log's size where no worker runs."""


def event_id(log: str, number: int) -> str:
    """An event's id, which is also the ``webhook-id``."""
    return f"evt_{log}_{number}"


def event_of(log: str, url: str, number: int, kind: EventType, at_ms: int, data: str) -> Event:
    """An event of its row; ``url`` is the log's public address."""
    members: dict[str, Any] = msgspec.json.decode(data)
    urls = {name: url + path.format_map(members) for name, path in _URLS[kind].items()}
    return Event(
        id=event_id(log, number), number=number, type=kind, timestamp=format_time(at_ms), data=members | {"urls": urls}
    )


def encode(event: Event) -> bytes:
    """The event's bytes: UTF-8 JSON on one line, members sorted."""
    return _ENCODER.encode(event.model_dump())
