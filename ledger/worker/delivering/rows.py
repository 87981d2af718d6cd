"""The rows of endpoints and of what is sent to them.

An endpoint is taken for a while, by one worker at a time, and given back together with all that came of it: one
transaction. What was sent when a worker ends in between is not known, and is sent again under the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db import Database
from ledger.db.events import wanted
from ledger.db.tables import endpoints, event_cursors, events, sendings
from ledger.wire.events import EVENT_TYPES, EventType

MAX_WAITING: Final = 1_000
"""Sendings of one endpoint that wait for another try; while there are as many, no new event is sent to it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it is stored; ``data`` is JSON."""

    number: int
    type: EventType
    at_ms: int
    data: str


@dataclass(frozen=True, slots=True)
class Job:
    """An event to send, and how often it was tried before."""

    event: Happened
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that is ours until ``until_ms``. ``secrets`` are sealed; ``cursor`` as when it was taken."""

    id: str
    url: str
    platform: str
    types: tuple[EventType, ...]
    at_once: int
    secrets: tuple[str, ...]
    cursor: int
    failures: int
    failing_ms: int | None
    until_ms: int


@dataclass(frozen=True, slots=True)
class Sent:
    """How a sending stands after a try."""

    event: int
    state: str
    tries: int
    next_ms: int | None
    status: int | None
    words: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint stands after what was sent to it; ``disabled`` says why, where it is to be."""

    cursor: int
    failures: int
    failing_ms: int | None
    pause_ms: int
    disabled: str | None = None


class SendingRows:
    """The rows of one log, as one worker works on them."""

    def __init__(self, database: Database, log: str, holder: str) -> None:
        self._database = database
        self._log = log
        self._holder = holder

    # ---- which endpoint ----

    async def with_work(self, now_ms: int, limit: int) -> list[tuple[str, str]]:
        """Endpoints that something is to be sent to, and their platforms; who waits longest comes first."""
        of, event, sending = endpoints.c, events.c, sendings.c
        due = exists().where(
            sending.log == of.log, sending.endpoint == of.id, sending.state == "waiting", sending.next_ms <= now_ms
        )
        new = exists().where(
            event.log == of.log, event.platform == of.platform, event.type.in_(EVENT_TYPES), event.number > of.cursor
        )
        free = (of.log == self._log, of.state == "enabled", of.held_until_ms <= now_ms, of.pause_ms <= now_ms)
        query = select(of.id, of.platform).where(*free, or_(due, new)).order_by(of.held_until_ms).limit(limit)
        async with self._database.engine.connect() as connection:
            return [(row.id, row.platform) for row in await connection.execute(query)]

    async def take(self, id_: str, now_ms: int, for_ms: int) -> Endpoint | None:
        """Hold an endpoint; None where another worker does, or it is no longer there to be served."""
        of, until_ms = endpoints.c, now_ms + for_ms
        free = and_(self._is(id_), of.state == "enabled", of.held_until_ms <= now_ms)
        taking = update(endpoints).where(free).values(holder=self._holder, held_until_ms=until_ms).returning(endpoints)
        async with self._database.begin() as connection:
            row = (await connection.execute(taking)).one_or_none()
        if row is None:
            return None
        old_holds = row.old_secret is not None and row.old_until_ms > now_ms
        return Endpoint(
            id=row.id,
            url=row.url,
            platform=row.platform,
            types=tuple(row.types.split()) or EVENT_TYPES,
            at_once=row.at_once,
            secrets=(row.secret, row.old_secret) if old_holds else (row.secret,),
            cursor=row.cursor,
            failures=row.failures,
            failing_ms=row.failing_ms,
            until_ms=until_ms,
        )

    # ---- what to send ----

    async def due(self, endpoint: Endpoint, now_ms: int, limit: int) -> list[Job]:
        """What is to be tried again by now, the oldest events first."""
        of, event = sendings.c, events.c
        joined = sendings.join(events, and_(event.log == of.log, event.number == of.event))
        query = (
            select(event.number, event.type, event.at_ms, event.data, of.tries)
            .select_from(joined)
            .where(of.log == self._log, of.endpoint == endpoint.id, of.state == "waiting", of.next_ms <= now_ms)
            .order_by(of.event)
            .limit(limit)
        )
        async with self._database.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Job(Happened(row.number, row.type, row.at_ms, row.data), row.tries) for row in rows]

    async def new(self, endpoint: Endpoint, limit: int) -> tuple[list[Job], int] | None:
        """The next events that the endpoint wants, and the number up to which there is no other.

        None while so much waits for another try that nothing new is to be sent.
        """
        of = sendings.c
        waiting = select(of.event).where(of.log == self._log, of.endpoint == endpoint.id, of.state == "waiting")
        last = select(event_cursors.c.number).where(event_cursors.c.log == self._log)
        query = wanted(self._log, endpoint.platform, endpoint.types, endpoint.cursor, limit)
        async with self._database.engine.connect() as connection:
            held_back = await connection.scalar(select(func.count()).select_from(waiting.limit(MAX_WAITING).subquery()))
            if held_back == MAX_WAITING:
                return None
            seen = (await connection.execute(last)).scalar_one_or_none() or 0  # before the events: none is passed over
            rows = (await connection.execute(*query)).all()
        jobs = [Job(Happened(row.number, row.type, row.at_ms, row.data)) for row in rows]
        last_job = jobs[-1].event.number if jobs else endpoint.cursor  # beyond ``seen``, if it happened between
        return jobs, last_job if len(jobs) == limit else max(seen, last_job)

    # ---- what came of it ----

    async def note(self, endpoint: Endpoint, sent: Sequence[Sent], after: Standing, now_ms: int) -> bool:
        """Keep what came of it and give the endpoint back; False where it was no longer ours, and nothing is kept."""
        of = endpoints.c
        ours = and_(self._is(endpoint.id), of.holder == self._holder, of.held_until_ms == endpoint.until_ms)
        values: dict[str, Any] = {
            "cursor": case(
                (of.cursor == endpoint.cursor, after.cursor), else_=of.cursor
            ),  # a replay moved it: it stays
            "failures": after.failures,
            "failing_ms": after.failing_ms,
            "pause_ms": after.pause_ms,
            "held_until_ms": now_ms,
        }
        if after.disabled is not None:
            values |= {"state": "disabled", "detail": after.disabled}
        async with self._database.begin() as connection:
            if (await connection.execute(update(endpoints).where(ours).values(values))).rowcount != 1:
                return False
            if sent:
                await self._keep(connection, endpoint.id, sent, now_ms)
        return True

    async def _keep(self, connection: AsyncConnection, endpoint: str, sent: Sequence[Sent], now_ms: int) -> None:
        rows = [
            {"log": self._log, "endpoint": endpoint, "event": each.event, "state": each.state, "tries": each.tries}
            | {"next_ms": each.next_ms, "tried_ms": now_ms, "took_ms": each.took_ms, "at_ms": now_ms}
            | {"status": each.status, "words": each.words}
            for each in sent
        ]
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        inserting = dialect.insert(sendings)
        changed = ("state", "tries", "next_ms", "tried_ms", "took_ms", "status", "words")
        await connection.execute(
            inserting.on_conflict_do_update(
                index_elements=["log", "endpoint", "event"],
                set_={name: inserting.excluded[name] for name in changed},
            ),
            rows,
        )

    # ---- now and then ----

    async def seal_anew(self, renew: Callable[[str], str]) -> None:
        """All secrets under the newest key, so that an operator can take old ones away. Raises as ``renew`` does."""
        of = endpoints.c
        async with self._database.engine.connect() as connection:
            rows = (await connection.execute(select(of.id, of.secret, of.old_secret).where(of.log == self._log))).all()
        for row in rows:
            for column, old in ((of.secret, row.secret), (of.old_secret, row.old_secret)):
                new = None if old is None else renew(old)
                if new != old:
                    async with self._database.begin() as connection:
                        same = and_(self._is(row.id), column == old)
                        await connection.execute(update(endpoints).where(same).values({column.name: new}))

    def _is(self, id_: str) -> ColumnElement[bool]:
        return and_(endpoints.c.log == self._log, endpoints.c.id == id_)
