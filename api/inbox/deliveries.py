"""The rows of deliveries: stored as they come, taken up under a lease of their hook, and what became of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Row, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.reads import Reads
from ledger.db.sweeping import ROWS, bound_bodies
from ledger.db.tables import deliveries, hooks
from ledger.errors import NotFoundError, RuleError, TooManyError
from ledger.statements.values import format_time
from ledger.wire.hooks import DeliveryLine, RecordedThing

MAX_WAITING: Final = 10_000
MAX_WAITING_BYTES: Final = 256 * 1024 * 1024
"""Deliveries of one hook that wait, and their bytes; more are not taken for now."""
MAX_SHOWN: Final = 100
_UNUSED: Final = ("refused", "dead")
NOT_DONE: Final = ("waiting", *_UNUSED)
LEASE_MS: Final = 120_000
_MAX_WORDS: Final = 1000
_HURRIED: Final = 3
"""Tries after which a delivery takes its time."""

Kind = Literal["task", "contribution", "decision"]
_PAGES: Final = {"contribution": "/c/{0}", "decision": "/d/{0}"}
_ENTRY: Final = "/e/{1}"


class Thing(NamedTuple):
    """An entry that a delivery brought or met; ``entry`` is its index."""

    kind: Kind
    id: str
    entry: int


@dataclass(slots=True)
class Outcome:
    """What became of a delivery. ``later`` are the reasons to try again, ``never`` those for which it is refused."""

    recorded: list[Thing] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    words: str | None = None
    """What is said of one that has no reasons."""


async def store(reads: Reads, hook: str, id_: str, event: str, body: bytes, now_ms: int) -> str:
    """Keep a delivery; the id of the first one of this event. Raises TooManyError where too many wait."""
    of = deliveries.c
    known = select(of.id).where(of.log == reads.log, of.hook == hook, of.event == event)
    for _ in range(2):
        row = await reads.one(known)
        if row is not None:
            return str(row.id)
        await _check_room(reads, hook, len(body))
        values = {
            "log": reads.log,
            "id": id_,
            "hook": hook,
            "event": event,
            "digest": hashlib.sha256(body).digest(),
            "size": len(body),
            "body": body,
            "received_ms": now_ms,
            "state": "waiting",
            "tries": 0,
            "next_ms": now_ms,
        }
        try:
            async with reads.database.begin() as connection:
                await connection.execute(insert(deliveries).values(values))
        except IntegrityError:
            continue  # it came twice at the same moment
        return id_
    raise TooManyError("This delivery comes many times at this very moment.", limit="deliveries")


async def _check_room(reads: Reads, hook: str, size: int) -> None:
    of = deliveries.c
    waiting = select(of.size).where(of.log == reads.log, of.hook == hook, of.next_ms.is_not(None)).limit(MAX_WAITING)
    some = waiting.subquery()
    sums = (func.count().label("number"), func.coalesce(func.sum(some.c.size), 0).label("bytes"))
    row = await reads.one(select(*sums).select_from(some))
    if row is not None and row.number >= MAX_WAITING:
        raise TooManyError(f"{MAX_WAITING} deliveries of this webhook wait to be worked on.", limit="deliveries")
    if row is not None and row.bytes + size > MAX_WAITING_BYTES:
        raise TooManyError(f"{MAX_WAITING_BYTES} bytes of this webhook's deliveries wait to be worked on.")


async def due_hook(
    reads: Reads, now_ms: int, not_hooks: Collection[str], not_platforms: Collection[str]
) -> tuple[str, str] | None:
    """A hook with a delivery to be worked on that nobody works on, and its platform: the longest untouched one."""
    of = deliveries.c
    has_due = exists().where(of.log == hooks.c.log, of.hook == hooks.c.id, of.next_ms <= now_ms)
    free = (hooks.c.log == reads.log, hooks.c.held_until_ms <= now_ms)
    others = (hooks.c.id.not_in(not_hooks), hooks.c.platform.not_in(not_platforms))
    query = select(hooks.c.id, hooks.c.platform).where(*free, *others, has_due)
    row = await reads.one(query.order_by(hooks.c.worked_ms, hooks.c.id).limit(1))
    return None if row is None else (row.id, row.platform)


async def take(reads: Reads, hook: str, holder: str, now_ms: int) -> bool:
    """Lease a hook, or the same holder's lease anew; whether it is ours."""
    mine = (hooks.c.log == reads.log, hooks.c.id == hook)
    free = or_(hooks.c.held_until_ms <= now_ms, hooks.c.holder == holder)
    values = {"holder": holder, "held_until_ms": now_ms + LEASE_MS, "worked_ms": now_ms}
    async with reads.database.begin() as connection:
        taken = await connection.execute(update(hooks).where(*mine, free).values(values))
    return bool(taken.rowcount == 1)


async def give_back(reads: Reads, hook: str, holder: str) -> None:
    """End a lease, if it is still this holder's."""
    mine = (hooks.c.log == reads.log, hooks.c.id == hook, hooks.c.holder == holder)
    async with reads.database.begin() as connection:
        await connection.execute(update(hooks).where(*mine).values({"holder": "", "held_until_ms": 0}))


async def due(reads: Reads, hook: str, now_ms: int, limit: int) -> list[str]:
    """The ids of a hook's deliveries to be worked on, in the order in which they came."""
    of = deliveries.c
    query = select(of.id).where(of.log == reads.log, of.hook == hook, of.next_ms <= now_ms)
    return [row.id for row in await reads.all(query.order_by(of.id).limit(limit))]


async def waiting(reads: Reads, id_: str) -> Row[Any] | None:
    """A delivery with its body, if it still waits."""
    of = deliveries.c
    return await reads.one(select(deliveries).where(of.log == reads.log, of.id == id_, of.next_ms.is_not(None)))


async def settle(
    reads: Reads, row: Row[Any], outcome: Outcome, next_ms: int | None, now_ms: int, most_bytes: int
) -> None:
    """Keep what became of a try; ``next_ms`` None: there is no other.

    The body goes once all of it is recorded. Of those that cannot be used the newest are kept, up to ``most_bytes``.
    """
    reasons = outcome.later + outcome.never
    state = "waiting" if next_ms is not None else "refused" if outcome.never else "dead" if outcome.later else "done"
    values: dict[str, Any] = {
        "state": state,
        "tries": row.tries + 1,
        "next_ms": next_ms,
        "ended_ms": None if next_ms is not None else now_ms,
        "words": _sentence(reasons) if reasons else outcome.words,
        "recorded": json.dumps([len(outcome.recorded), outcome.recorded[:MAX_SHOWN]]),
    }
    if state == "done":
        values["body"] = None
    mine = (deliveries.c.log == reads.log, deliveries.c.id == row.id, deliveries.c.next_ms.is_not(None))
    async with reads.database.begin() as connection:
        await connection.execute(update(deliveries).where(*mine).values(values))
        if state in _UNUSED:
            await bound_bodies(connection, reads.log, most_bytes, ROWS, row.hook)


async def hurry(reads: Reads, hook: str, before: str, now_ms: int) -> bool:
    """Let those that came before a delivery and have not waited often be tried at once; whether there are any.

    What they are about may be here now, and of several versions the older ones come first.
    """
    of = deliveries.c
    early = (of.log == reads.log, of.hook == hook, of.next_ms > now_ms, of.id < before, of.tries <= _HURRIED)
    if await reads.one(select(of.id).where(*early).limit(1)) is None:
        return False
    async with reads.database.begin() as connection:
        await connection.execute(update(deliveries).where(*early).values(next_ms=now_ms))
    return True


async def retry(reads: Reads, hook: str, id_: str, now_ms: int) -> None:
    """Let one that is refused or dead wait again. Raises NotFoundError, RuleError."""
    of = deliveries.c
    mine = (of.log == reads.log, of.hook == hook, of.id == id_)
    row = await reads.one(select(of.state, of.body.is_(None).label("erased")).where(*mine))
    if row is None:
        raise NotFoundError(f"This webhook has no delivery {id_}.", remedy="GET /v1/hooks/{hook}/deliveries lists it.")
    if row.state not in _UNUSED or row.erased:
        why = "its body was erased" if row.erased else f"it is {row.state}"
        raise RuleError(
            f"This delivery cannot be tried again: {why}.",
            rule="delivery-retried",
            remedy="Only the newest refused and dead ones have their bodies; import the platform's export otherwise.",
        )
    values = {"state": "waiting", "tries": 0, "next_ms": now_ms, "ended_ms": None}
    async with reads.database.begin() as connection:
        same = (*mine, of.state == row.state, of.body.is_not(None))
        if (await connection.execute(update(deliveries).where(*same).values(values))).rowcount != 1:
            raise RuleError("This delivery just changed.", rule="delivery-retried", remedy="Look at it, try again.")


async def counts(reads: Reads) -> dict[str, int]:
    """How many wait, cannot be used, or were given up."""
    of = deliveries.c
    query = (
        select(of.state, func.count().label("number"))
        .where(of.log == reads.log, of.state.in_(NOT_DONE))
        .group_by(of.state)
    )
    return dict.fromkeys(NOT_DONE, 0) | {row.state: row.number for row in await reads.all(query)}


async def page(reads: Reads, url: str, hook: str, before: str | None, limit: int) -> list[DeliveryLine]:
    """A hook's deliveries, the newest first, older than the one of this id. ``url`` is the log's."""
    of = deliveries.c
    shown = [column for column in of if column.name != "body"]
    query = select(*shown, of.body.is_not(None).label("has_body")).where(of.log == reads.log, of.hook == hook)
    if before is not None:
        query = query.where(of.id < before)
    return [_line(row, url) for row in await reads.all(query.order_by(of.id.desc()).limit(limit))]


def _line(row: Row[Any], url: str) -> DeliveryLine:
    count, things = (0, []) if row.recorded is None else json.loads(row.recorded)
    return DeliveryLine(
        id=row.id,
        hook=row.hook,
        event=row.event,
        state=row.state,
        tries=row.tries,
        received=format_time(row.received_ms),
        next_try=None if row.next_ms is None else format_time(row.next_ms),
        ended=None if row.ended_ms is None else format_time(row.ended_ms),
        bytes=row.size,
        sha256=bytes(row.digest).hex(),
        has_body=bool(row.has_body),
        words=row.words,
        recorded=[
            RecordedThing(kind=kind, id=id_, index=index, url=url + (_PAGES.get(kind) or _ENTRY).format(id_, index))
            for kind, id_, index in things
        ],
        recorded_count=count,
    )


def _sentence(reasons: list[str]) -> str:
    """The first few, without control characters: they may quote what a platform sent."""
    distinct = list(dict.fromkeys(reasons))
    text = " ".join(distinct[:3]) + (f" And {len(distinct) - 3} more." if len(distinct) > 3 else "")
    return "".join(each if each.isprintable() else " " for each in text)[:_MAX_WORDS]
