"""How the sending of events to endpoints stands in the whole log, for the operator's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal_column, select

from api.reads import Reads
from ledger.db.tables import endpoints, events, sendings
from ledger.wire.events import EVENT_TYPES

ENDPOINT_STATES: Final = ("enabled", "failing", "disabled", "off")
SENDING_STATES: Final = ("waiting", "dead")
_MOST: Final = 1_000
"""Endpoints that are looked at, those that are furthest behind."""
_WAITING: Final[ColumnElement[str]] = literal_column("'waiting'")
"""As the partial index is written, or it would not be found."""
_DEAD: Final[ColumnElement[str]] = literal_column("'dead'")


@dataclass(frozen=True, slots=True)
class Outbox:
    """``age_seconds``: of the oldest event that an enabled endpoint has not taken; ``overdue_seconds``: for how long
    the one that waits longest could have been sent already."""

    endpoints: Mapping[str, int]
    sendings: Mapping[str, int]
    age_seconds: float
    overdue_seconds: float


async def outbox(reads: Reads, now_ms: int) -> Outbox:
    """How it stands now."""
    rows = await reads.all(_behind(reads.log))
    return Outbox(
        endpoints=await _endpoints(reads),
        sendings=await _sendings(reads),
        age_seconds=max((_age_ms(row, now_ms) for row in rows), default=0) / 1000,
        overdue_seconds=max((_overdue_ms(row, now_ms) for row in rows), default=0) / 1000,
    )


async def _endpoints(reads: Reads) -> dict[str, int]:
    """Failing: enabled, and its last try failed. Off: its platform disabled it, and not we."""
    of = endpoints.c
    state = case(
        (and_(of.state == "disabled", of.detail.is_(None)), "off"),
        (of.state == "disabled", "disabled"),
        (of.failing_ms.is_not(None), "failing"),
        else_="enabled",
    ).label("standing")
    query = select(state, func.count().label("number")).where(of.log == reads.log).group_by(state)
    return dict.fromkeys(ENDPOINT_STATES, 0) | {row.standing: row.number for row in await reads.all(query)}


async def _sendings(reads: Reads) -> dict[str, int]:
    of = sendings.c
    counts = {
        name: select(func.count()).where(of.log == reads.log, of.state == state)
        for name, state in (("waiting", _WAITING), ("dead", _DEAD))
    }
    row = await reads.one(select(*(count.scalar_subquery().label(name) for name, count in counts.items())))
    return dict.fromkeys(SENDING_STATES, 0) if row is None else {name: getattr(row, name) for name in SENDING_STATES}


def _behind(log: str) -> Select[*tuple[Any, ...]]:
    """Enabled endpoints, each with when its first try of what waits was, when the next one is due, and for each type
    when its first event was written that the endpoint has not seen: one look into an index each."""
    own, of, event = endpoints.c, sendings.c, events.c
    waiting = (of.log == own.log, of.endpoint == own.id, of.state == _WAITING)
    tried = select(func.min(of.at_ms)).where(*waiting).correlate(endpoints).scalar_subquery()
    due = select(func.min(of.next_ms)).where(*waiting).correlate(endpoints).scalar_subquery()
    new = [
        select(event.told_ms)
        .where(event.log == own.log, event.platform == own.platform, event.type == kind, event.number > own.cursor)
        .order_by(event.number)
        .limit(1)
        .correlate(endpoints)
        .scalar_subquery()
        .label(kind)
        for kind in EVENT_TYPES
    ]
    found = select(own.types, own.pause_ms, tried.label("tried_ms"), due.label("due_ms"), *new)
    return found.where(own.log == log, own.state == "enabled").order_by(own.cursor).limit(_MOST)


def _new_ms(row: Row[Any]) -> list[int]:
    """When the oldest event was written that is still to be sent for the first time, if there is one."""
    types = row.types.split() or EVENT_TYPES
    found = [ms for kind in types if (ms := row._mapping.get(kind)) is not None]
    return [min(found)] if found else []


def _age_ms(row: Row[Any], now_ms: int) -> int:
    since = [*_new_ms(row), *([] if row.tried_ms is None else [row.tried_ms])]
    return max(0, now_ms - min(since, default=now_ms))


def _overdue_ms(row: Row[Any], now_ms: int) -> int:
    since = [*_new_ms(row), *([] if row.due_ms is None else [row.due_ms])]
    could_ms: int = max(min(since, default=now_ms), row.pause_ms)
    return max(0, now_ms - could_ms)
