"""Sweeping beside others: what is tried again stays, nobody waits, a wrong clock or a broken table does little harm."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from ledger.config import Config
from ledger.db import open_database, tables
from ledger.db.sweeping import DAY_MS, believed_ms, rules, sweep
from ledger.errors import DatabaseError
from tests.integration.db.test_sweeping import NOW_MS, Rows


@pytest.fixture
async def sqlite_rows(sqlite_database_url: str) -> AsyncIterator[Rows]:
    async with open_database(sqlite_database_url) as database:
        yield Rows(database)


async def test_what_is_tried_again_at_this_moment_stays(postgres_url: str) -> None:
    """The sweep neither waits for whoever holds a row, nor erases what is no longer as it was."""
    async with open_database(postgres_url) as database:
        rows = Rows(database)
        await rows.put(tables.hooks, {"id": "h"})
        old = {"hook": "h", "body": b"{}", "state": "dead"}
        for id_, days in [("a", 100), ("b", 40), ("c", 100)]:
            await rows.put(tables.deliveries, old | {"id": id_, "event": id_, "ended_ms": NOW_MS - days * DAY_MS})
        again = {"state": "waiting", "next_ms": NOW_MS, "ended_ms": None}
        of = tables.deliveries.c
        async with database.begin() as connection:
            await connection.execute(update(tables.deliveries).where(of.id.in_(["a", "b"])).values(again))
            assert await rows.sweep() == {"deliveries: old rows": 1}
        assert await rows.sweep() == {}
        assert await rows.left(tables.deliveries, "id") == ["a", "b"]
        assert [bytes(body) for body in await rows.left(tables.deliveries, "body")] == [b"{}"] * 2


async def test_a_clock_that_is_a_year_ahead_is_not_believed(sqlite_rows: Rows) -> None:
    database = sqlite_rows.database
    assert await believed_ms(database, "main", NOW_MS) == DAY_MS, "a log that is not opened has nothing to erase"
    async with database.begin() as connection:
        empty = {"origin": "", "vkey": "", "size": 1, "compact": b"", "note": ""}
        await connection.execute(insert(tables.logs).values({"name": "main", "at_ms": NOW_MS} | empty))
    year_ms = NOW_MS + 365 * DAY_MS
    assert await believed_ms(database, "main", year_ms) == NOW_MS + DAY_MS
    assert await believed_ms(database, "main", NOW_MS + 1) == NOW_MS + 1
    await sqlite_rows.put(tables.chain_cursor, {"chain_id": 1, "block_ms": None}, {"chain_id": 2, "block_ms": year_ms})
    assert await believed_ms(database, "main", year_ms) == year_ms, "a block confirms it"


async def test_a_rule_that_fails_keeps_no_other_from_being_applied(sqlite_rows: Rows) -> None:
    await sqlite_rows.put(tables.imports, {"id": "old", "seen_ms": 0})
    async with sqlite_rows.database.begin() as connection:
        await connection.execute(text("DROP TABLE sessions"))
    with pytest.raises(DatabaseError, match="does not answer"):
        await sqlite_rows.sweep()
    assert await sqlite_rows.left(tables.imports, "id") == []


async def test_events_go_after_their_sendings_and_a_bounded_number_at_once(rows_of_events: Rows) -> None:
    rows = rows_of_events
    assert await rows.sweep(rows=4, turns=1) == {"events: old, with their sendings": 4}
    assert len(await rows.left(tables.sendings, "event")) == 8
    assert len(await rows.left(tables.events, "number")) == 4
    assert await rows.sweep(rows=4) == {"events: old, with their sendings": 12}
    assert await rows.left(tables.sendings, "event") == await rows.left(tables.events, "number") == []


async def test_no_rule_walks_all_sendings(rows_of_events: Rows) -> None:
    asked: list[tuple[str, Any]] = []
    engine = rows_of_events.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _c, _d, sql, values, *_: asked.append((sql, values)))
    await rows_of_events.put(tables.sendings, {"endpoint": "gone", "event": 1, "state": "waiting"})
    await sweep(rows_of_events.database, "main", Config(), NOW_MS)
    async with rows_of_events.database.engine.connect() as connection:
        of_sendings = [each for each in asked if re.search(r"(FROM|UPDATE) sendings", each[0])]
        assert len(of_sendings) > 5
        for sql, values in of_sendings:
            plan = [str(row[-1]) for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert not [line for line in plan if re.search(r"sendings.*\(log=\?\)$|SCAN sendings", line)], (sql, plan)
    assert await rows_of_events.left(tables.sendings, "event") == []


@pytest.fixture
async def rows_of_events(sqlite_rows: Rows) -> Rows:
    """Four old events, each sent to three endpoints of a log that has had them long ago."""
    await sqlite_rows.put(tables.events, *({"number": number} for number in range(1, 5)))
    for name in ("e", "f", "g"):
        await sqlite_rows.put(tables.endpoints, {"id": name, "state": "enabled", "cursor": 4})
        sent = ({"endpoint": name, "event": number, "state": "sent", "tried_ms": NOW_MS} for number in range(1, 5))
        await sqlite_rows.put(tables.sendings, *sent)
    return sqlite_rows


def test_bodies_go_fewer_at_once() -> None:
    assert {rule.share > 1 for rule in rules.RULES if rule.table == "deliveries"} == {True}
