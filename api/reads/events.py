"""Events of a platform, and how far they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from api.reads import Reads
from ledger.db.events import wanted
from ledger.db.tables import event_cursors, events
from ledger.wire.events import Event, EventType, event_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to be told: a platform's events of some types."""

    platform: str
    types: Sequence[EventType]


async def last_event(reads: Reads) -> int:
    """The number of the last event of the log; 0 without any."""
    return (await published(reads))[0]


async def published(reads: Reads) -> tuple[int, int]:
    """The number of the last event, and how many entries' events are there."""
    of = event_cursors.c
    row = await reads.one(select(of.number, of.entries).where(of.log == reads.log))
    return (0, 0) if row is None else (int(row.number), int(row.entries))


async def oldest_event(reads: Reads) -> int | None:
    """The number of the first event that is still kept."""
    row = await reads.one(select(func.min(events.c.number).label("number")).where(events.c.log == reads.log))
    return None if row is None or row.number is None else int(row.number)


async def list_events(reads: Reads, url: str, want: Wanted, after: int, limit: int) -> list[Event]:
    """The next events beyond the number ``after``. ``url`` is the log's public address."""
    rows = await reads.all(*wanted(reads.log, want.platform, want.types, after, limit))
    return [event_of(reads.log, url, row.number, row.type, row.at_ms, row.data) for row in rows]
