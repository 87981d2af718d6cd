"""What the operator's metrics say of webhooks that are sent: states, the oldest event, and how late the worker is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from api.reads.sendings import Outbox, outbox
from ledger.db import tables
from tests.integration.api.endpoints.sender import Sender

NONE_KEPT = {"waiting": 0, "dead": 0}
T = 1_790_000_000_000
"""When all events were written."""
SECOND = 1_000


async def at(sender: Sender, seconds: float) -> Outbox:
    """So many seconds after the events were written."""
    return await outbox(sender.api.service.reads, T + int(seconds * SECOND))


async def tried(sender: Sender, endpoint: dict[str, Any], event: int, **values: Any) -> None:
    row = {"log": "main", "endpoint": endpoint["id"], "event": event, "tries": 1, "at_ms": T}
    async with sender.database.begin() as connection:
        await connection.execute(insert(tables.sendings).values(row | values))


async def test_no_endpoint_no_event(both: Sender) -> None:
    states = {"enabled": 0, "failing": 0, "disabled": 0, "off": 0}
    assert await at(both, 0) == Outbox(states, NONE_KEPT, 0, 0)


async def test_states(both: Sender) -> None:
    made = [await both.endpoint(f"http://127.0.0.1:1/{number}") for number in range(5)]
    await both.change(made[1], failing_ms=5, failures=1)
    await both.change(made[2], state="disabled", detail="It answered 410: it wants no more.")
    await both.change(made[3], state="disabled", detail=None)
    for event, state in enumerate(("waiting", "dead", "dead", "sent"), 1):
        await tried(both, made[4], event, state=state, next_ms=T if state == "waiting" else None)
    found = await at(both, -1)
    assert found.endpoints == {"enabled": 2, "failing": 1, "disabled": 1, "off": 1}
    assert found.sendings == {"waiting": 1, "dead": 2}


async def test_the_oldest_event_that_an_endpoint_wants(both: Sender) -> None:
    other = await both.api.platform("Another")
    wants = await both.endpoint("http://127.0.0.1:1/", types=["claim.paid"])
    await both.happen(3)
    await both.happen(2, "claim.paid", platform=other)
    assert (await at(both, 60)).age_seconds == 0, "not of its type, or not its platform's"
    await both.happen(2, "claim.paid")
    found = await at(both, 60)
    assert (found.age_seconds, found.overdue_seconds) == (60, 60)
    await both.change(wants, cursor=6)
    async with both.database.begin() as connection:
        await connection.execute(
            update(tables.events).where(tables.events.c.number == 7).values(told_ms=T + 20 * SECOND)
        )
    assert (await at(both, 60)).age_seconds == 40, "the one before is done"
    await both.change(wants, state="disabled")
    assert (await at(both, 60)).age_seconds == 0, "nobody wants it"


async def test_who_is_late(both: Sender) -> None:
    """The worker is late with what it could send, not with what it leaves alone for a while."""
    fails = await both.endpoint("http://127.0.0.1:1/")
    await both.happen(1)
    await both.change(fails, cursor=1)
    await tried(both, fails, 1, state="waiting", next_ms=T + 300 * SECOND)
    early = await at(both, 200)
    assert (early.age_seconds, early.overdue_seconds) == (200, 0)
    late = await at(both, 310)
    assert (late.age_seconds, late.overdue_seconds) == (310, 10)
    await both.change(fails, pause_ms=T + 305 * SECOND)
    assert (await at(both, 310)).overdue_seconds == 5
    await both.change(fails, pause_ms=T + 400 * SECOND)
    assert (await at(both, 310)).overdue_seconds == 0
