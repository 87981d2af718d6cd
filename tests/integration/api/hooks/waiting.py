"""Waiting for what becomes of deliveries. While it waits it asks the database, which costs less than a request."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from ledger.db import tables
from tests.integration.api.hooks.senders import Made
from tests.integration.api.running import Api, until


async def becomes(hook: Made, state: str) -> dict[str, Any]:
    """The newest delivery, once it is in this state."""

    async def is_so() -> bool:
        found = (await _rows(hook))[-1]
        assert found.state in ("waiting", state), found.words
        return bool(found.state == state)

    await until(is_so)
    return (await hook.deliveries())[0]


async def make_due(api: Api) -> None:
    """What waits is due now, without the waiting."""
    async with api.service.reads.database.begin() as connection:
        due = update(tables.deliveries).where(tables.deliveries.c.next_ms.is_not(None))
        await connection.execute(due.values(next_ms=1))
    api.service.door.arrived.set()


async def size_of(api: Api) -> int:
    return (await api.service.reader.head()).size


def answer(number: int, **more: Any) -> dict[str, Any]:
    return {"response_id": f"r{number}", "answers": {"q": number}, **more}


async def tried(hook: Made, tries: int = 1) -> bool:
    return all(row.tries >= tries for row in await _rows(hook))


async def none_waits(hook: Made) -> bool:
    return all(row.state != "waiting" for row in await _rows(hook))


async def _rows(hook: Made) -> list[Row[Any]]:
    """The oldest first."""
    of = tables.deliveries.c
    query = select(of.state, of.tries, of.words).where(of.hook == hook.id).order_by(of.id)
    return list(await hook.platform.api.service.reads.all(query))
