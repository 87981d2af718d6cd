"""The rules: what goes, table by table. Each removes a bounded number of rows in a transaction of its caller.

Every rule may be applied by several processes at once, and again after a crash: what is gone is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db.sweeping.bodies import bound_bodies
from ledger.db.sweeping.periods import DAY_MS, REPEATS_MS, WAITED_FOR_MS, Periods
from ledger.db.tables import (
    audits,
    claim_requests,
    deliveries,
    endpoints,
    events,
    hooks,
    imports,
    refusals,
    repeats,
    requests,
    sendings,
    sessions,
    sign_in_links,
    transactions,
)

Condition = ColumnElement[bool]


class At(NamedTuple):
    """Of which log, when, by which settings, and how many rows at most."""

    log: str
    now_ms: int
    periods: Periods
    limit: int

    def before(self, days: int) -> int:
        """The time so many days ago."""
        return self.now_ms - days * DAY_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """``apply`` returns how many rows it erased, or erased a part of; as many as the limit where there may be more."""

    table: str
    what: str
    apply: Callable[[AsyncConnection, At], Awaitable[int]]
    share: int = 1
    """Each transaction takes so many times fewer rows: these may hold bodies, of up to a megabyte each."""

    @property
    def name(self) -> str:
        """As it is counted and shown."""
        return f"{self.table}: {self.what}"


async def _remove(connection: AsyncConnection, table: Table, at: At, *such: Condition) -> int:
    """Remove some rows of the log."""
    key = [column for column in table.primary_key.columns if column.name != "log"]
    chosen = _chosen(table, at, key, such)
    return (await connection.execute(delete(table).where(*chosen))).rowcount


async def _blank(connection: AsyncConnection, table: Table, at: At, columns: Sequence[str], *such: Condition) -> int:
    """Erase these columns of some rows of the log."""
    chosen = _chosen(table, at, [table.c.id], such)
    return (await connection.execute(update(table).where(*chosen).values(dict.fromkeys(columns)))).rowcount


def _chosen(table: Table, at: At, key: Sequence[ColumnElement[Any]], such: Sequence[Condition]) -> list[Condition]:
    """Some rows such as these, locked: somebody who tries one again at this moment has it, or it is gone for them.

    What others hold is left for the next time, so that nobody waits for a sweep that waits for them.
    """
    ours = table.c.log == at.log
    found = (
        select(*key)
        .where(ours, *such)
        .limit(at.limit)
        .with_for_update(of=table, skip_locked=True)
        .cte("some", nesting=True)
    )
    return [ours, tuple_(*key).in_(select(*found.c))]


# ---- who is signed in, and what is asked again ----


async def _sessions(connection: AsyncConnection, at: At) -> int:
    return await _remove(connection, sessions, at, sessions.c.expires_ms < at.now_ms)


async def _links(connection: AsyncConnection, at: At) -> int:
    return await _remove(connection, sign_in_links, at, sign_in_links.c.expires_ms < at.now_ms)


async def _repeats(connection: AsyncConnection, at: At) -> int:
    return await _remove(connection, repeats, at, repeats.c.at_ms < at.now_ms - REPEATS_MS)


# ---- webhooks to us ----


async def _deliveries(connection: AsyncConnection, at: At) -> int:
    of = deliveries.c
    ended = (of.state.in_(("done", "refused", "dead")), of.ended_ms < at.before(at.periods.delivery_retention_days))
    return await _remove(connection, deliveries, at, *ended)


async def _lost_deliveries(connection: AsyncConnection, at: At) -> int:
    """Those that came while their webhook was deleted."""
    of = deliveries.c
    of_none = ~exists().where(hooks.c.log == of.log, hooks.c.id == of.hook)
    return await _remove(connection, deliveries, at, of.next_ms.is_not(None), of_none)


async def _bodies(connection: AsyncConnection, at: At) -> int:
    of = deliveries.c
    old = (of.body.is_not(None), of.ended_ms < at.before(at.periods.refused_retention_days))
    return await _blank(connection, deliveries, at, ["body"], *old)


async def _many_bodies(connection: AsyncConnection, at: At) -> int:
    return await bound_bodies(connection, at.log, at.periods.refused_retention_bytes, at.limit)


async def _lost_refusals(connection: AsyncConnection, at: At) -> int:
    """The counts of webhooks that there are no more count with those that there never were: no sum falls."""
    of = refusals.c
    lost = and_(of.log == at.log, of.hook != "", ~exists().where(hooks.c.log == of.log, hooks.c.id == of.hook))
    rows = (await connection.execute(select(refusals).where(lost).limit(at.limit).with_for_update())).all()
    for row in rows:
        count = row._mapping["count"]
        strangers = and_(of.log == at.log, of.hook == "", of.reason == row.reason)
        values = {"count": of["count"] + count, "last_ms": row.last_ms}
        if (await connection.execute(update(refusals).where(strangers).values(values))).rowcount == 0:
            first = {"log": at.log, "hook": "", "reason": row.reason, "count": count, "last_ms": row.last_ms}
            await connection.execute(insert(refusals).values(first))
        mine = and_(of.log == at.log, of.hook == row.hook, of.reason == row.reason)
        await connection.execute(delete(refusals).where(mine))
    return len(rows)


# ---- events and where they are sent ----


async def _events(connection: AsyncConnection, at: At) -> int:
    """The oldest ones, without a gap, with how they were sent."""
    of = events.c
    oldest = select(of.number, of.told_ms).where(of.log == at.log).order_by(of.number).limit(at.limit)
    needed = await _needed_from(connection, at)
    until = 0
    for row in (await connection.execute(oldest)).all():  # ``told_ms`` rises with the numbers
        waited_ms = 0 if needed is None or row.number < needed else WAITED_FOR_MS
        if row.told_ms >= at.before(at.periods.event_retention_days) - waited_ms:
            break
        until = row.number
    if not until:
        return 0
    gone = 0
    for endpoint in await _sent_to(connection, at):
        first = (sendings.c.endpoint == endpoint, sendings.c.event <= until)
        gone += await _remove(connection, sendings, at._replace(limit=at.limit - gone), *first)
        if gone >= at.limit:
            return gone  # the events go when all their sendings are gone
    return gone + (await connection.execute(delete(events).where(of.log == at.log, of.number <= until))).rowcount


async def _needed_from(connection: AsyncConnection, at: At) -> int | None:
    """The first event that an enabled endpoint may still be sent; None where there is no such endpoint."""
    p, s = endpoints.c, sendings.c
    waits = s.state == literal("waiting", literal_execute=True)  # in the text, or the index of those is not found
    first = select(func.min(s.event)).where(s.log == p.log, s.endpoint == p.id, waits).scalar_subquery()
    enabled = select(p.cursor + 1, first).where(p.log == at.log, p.state == "enabled")
    rows = (await connection.execute(enabled)).all()
    return min((number for row in rows for number in row if number is not None), default=None)


async def _sendings(connection: AsyncConnection, at: At) -> int:
    of = sendings.c
    old = (of.state != "waiting", of.tried_ms < at.before(at.periods.sending_retention_days))
    return await _remove(connection, sendings, at, *old)


async def _lost_sendings(connection: AsyncConnection, at: At) -> int:
    """Those of endpoints that there are no more."""
    known = set((await connection.execute(select(endpoints.c.id).where(endpoints.c.log == at.log))).scalars())
    gone = 0
    for endpoint in await _sent_to(connection, at):
        if endpoint not in known and gone < at.limit:
            gone += await _remove(
                connection, sendings, at._replace(limit=at.limit - gone), sendings.c.endpoint == endpoint
            )
    return gone


async def _sent_to(connection: AsyncConnection, at: At) -> list[str]:
    """All endpoints that have sendings. There may be millions of those: the index is asked once an endpoint."""
    found = [""]
    while (following := await connection.scalar(_NEXT_SENT_TO, {"log": at.log, "after": found[-1]})) is not None:
        found.append(following)
    return found[1:]


_NEXT_SENT_TO: Final = select(func.min(sendings.c.endpoint)).where(
    sendings.c.log == bindparam("log"), sendings.c.endpoint > bindparam("after")
)


async def _old_secrets(connection: AsyncConnection, at: At) -> int:
    over = endpoints.c.old_until_ms <= at.now_ms
    return await _blank(connection, endpoints, at, ["old_secret", "old_until_ms"], over)


# ---- what programs and people asked for ----


async def _imports(connection: AsyncConnection, at: At) -> int:
    return await _remove(connection, imports, at, imports.c.seen_ms < at.before(at.periods.import_retention_days))


async def _audits(connection: AsyncConnection, at: At) -> int:
    of = audits.c
    newest = select(of.id).where(of.log == at.log).order_by(of.at_ms.desc(), of.id.desc())
    old = newest.offset(at.periods.audit_reports_kept).limit(at.limit)
    return await _remove(connection, audits, at, of.ended_ms.is_not(None), of.id.in_(old))


async def _requests(connection: AsyncConnection, at: At) -> int:
    of = requests.c
    answered = and_(of.kind.in_(("anchor", "settle")), of.state == "done")
    return await _remove(connection, requests, at, answered, of.at_ms < at.before(at.periods.request_retention_days))


async def _claim_requests(connection: AsyncConnection, at: At) -> int:
    of = claim_requests.c
    old = of.at_ms < at.before(at.periods.request_retention_days)
    return await _remove(connection, claim_requests, at, of.state.in_(("paid", "failed")), old)


async def _transactions(connection: AsyncConnection, at: At) -> int:
    """Not those that wait, nor those that another one replaced, which are counted: there are few."""
    of = transactions.c
    settled = or_(of.state == "final", of.state == "lost")
    return await _remove(
        connection, transactions, at, settled, of.at_ms < at.before(at.periods.transaction_retention_days)
    )


RULES: Final = (
    Rule("sessions", "expired", _sessions),
    Rule("sign_in_links", "expired", _links),
    Rule("repeats", "older than a day", _repeats),
    Rule("deliveries", "old rows", _deliveries, share=20),
    Rule("deliveries", "of no webhook", _lost_deliveries, share=20),
    Rule("deliveries", "old bodies", _bodies, share=20),
    Rule("deliveries", "too many bodies", _many_bodies, share=20),
    Rule("refusals", "of no webhook", _lost_refusals),
    Rule("events", "old, with their sendings", _events),
    Rule("sendings", "old", _sendings),
    Rule("sendings", "of no endpoint", _lost_sendings),
    Rule("endpoints", "old secrets", _old_secrets),
    Rule("imports", "old", _imports),
    Rule("audits", "more than are kept", _audits),
    Rule("requests", "answered", _requests),
    Rule("claim_requests", "answered", _claim_requests),
    Rule("transactions", "settled", _transactions),
)
"""In the order in which they are applied."""
