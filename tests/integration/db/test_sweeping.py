"""What has been kept long enough goes, a bounded number of rows at a time; everything else stays."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, update

from ledger.config import Config
from ledger.db import Database, open_database, tables
from ledger.db.sweeping import DAY_MS, RULES, bodies, sweep

NOW_MS = 1_000 * DAY_MS
PERIODS = Config(audit_reports_kept=2)


@dataclass
class Rows:
    """Rows of the log ``main``, put in with what a test does not care about filled in."""

    database: Database

    async def put(self, table: Table, *rows: dict[str, Any]) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(table), [_filled(table, row) for row in rows])

    async def left(self, table: Table, column: str, log: str = "main") -> list[Any]:
        of = table.c
        async with self.database.engine.connect() as connection:
            return sorted((await connection.execute(select(of[column]).where(of.log == log))).scalars())

    async def sweep(self, now_ms: int = NOW_MS, **how: Any) -> dict[str, int]:
        """Rows erased, by rule, where there were any."""
        erased = await sweep(self.database, "main", PERIODS, now_ms, **how)
        assert list(erased) == [rule.name for rule in RULES]
        return {name: rows for name, rows in erased.items() if rows}


def _filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row with something in every column that must have something."""
    empty: dict[type, object] = {str: "", int: 0, bytes: b"", bool: False}
    nothing = {column.name: None if column.nullable else empty[column.type.python_type] for column in table.c}
    assert row.keys() <= nothing.keys()
    return nothing | {"log": "main"} | row


@pytest.fixture
async def rows(migrated_url: str) -> AsyncIterator[Rows]:
    async with open_database(migrated_url) as database:
        yield Rows(database)


def ids(*marks: str) -> list[bytes]:
    return [mark.encode() for mark in marks]


async def test_who_is_signed_in_and_what_is_asked_again(rows: Rows) -> None:
    for table in (tables.sessions, tables.sign_in_links):
        await rows.put(table, *({"digest": d, "expires_ms": NOW_MS + n - 1} for n, d in enumerate(ids("a", "b", "c"))))
        await rows.put(table, {"log": "other", "digest": b"a", "expires_ms": 0})
    await rows.put(tables.repeats, *({"id": str(n), "at_ms": NOW_MS - DAY_MS + n - 1} for n in range(3)))
    done = {"sessions: expired": 1, "sign_in_links: expired": 1, "repeats: older than a day": 1}
    assert await rows.sweep() == done
    assert (
        await rows.left(tables.sessions, "digest") == await rows.left(tables.sign_in_links, "digest") == ids("b", "c")
    )
    assert await rows.left(tables.sessions, "digest", "other") == ids("a"), "another log's"
    assert await rows.left(tables.repeats, "id") == ["1", "2"]
    assert await rows.sweep() == {}


async def test_deliveries_go_in_two_steps(rows: Rows) -> None:
    def delivery(id_: str, state: str, days: float | None, **values: Any) -> dict[str, Any]:
        ended = None if days is None else NOW_MS - int(days * DAY_MS)
        body = None if state == "done" else b"{}"
        return {
            "id": id_,
            "hook": "h",
            "event": id_,
            "state": state,
            "ended_ms": ended,
            "body": body,
            "size": 2,
        } | values

    await rows.put(tables.hooks, {"id": "h"})
    await rows.put(
        tables.deliveries,
        delivery("a", "done", 91),
        delivery("b", "dead", 91),
        delivery("c", "refused", 31),
        delivery("d", "refused", 29),
        delivery("e", "done", 89),
        delivery("f", "waiting", None, next_ms=1),
        delivery("g", "waiting", None, next_ms=1, hook="gone", received_ms=NOW_MS),
    )
    done = {"deliveries: old rows": 2, "deliveries: of no webhook": 1, "deliveries: old bodies": 1}
    assert await rows.sweep() == done
    async with rows.database.engine.connect() as connection:
        of = tables.deliveries.c
        left = (await connection.execute(select(of.id, of.body).order_by(of.id))).all()
    assert [(row.id, row.body is not None) for row in left] == [("c", False), ("d", True), ("e", False), ("f", True)]


async def test_bodies_that_cannot_be_used_are_bounded_by_number_and_by_bytes(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_BODIES", 3)
    await rows.put(tables.hooks, {"id": "small"}, {"id": "large"}, {"id": "waiting"})

    def delivery(hook: str, number: int, size: int, **values: Any) -> dict[str, Any]:
        ended = {"state": "refused", "ended_ms": NOW_MS + number}
        id_ = {"id": f"{hook}{number}", "event": f"{number}", "hook": hook}
        return id_ | ended | {"size": size, "body": b"x"} | values  # as if it had that many

    large = PERIODS.refused_retention_bytes // 2
    await rows.put(tables.deliveries, *(delivery("small", number, 1) for number in range(5)))
    await rows.put(tables.deliveries, *(delivery("large", number, large) for number in range(3)))
    waits = {"state": "waiting", "ended_ms": None, "next_ms": 1}
    await rows.put(tables.deliveries, *(delivery("waiting", number, large, **waits) for number in range(5)))

    assert await rows.sweep(rows=2) == {"deliveries: too many bodies": 3}, "in two transactions"
    of = tables.deliveries.c
    async with rows.database.engine.connect() as connection:
        kept = (await connection.execute(select(of.id).where(of.body.is_not(None)))).scalars()
        assert sorted(each for each in kept if not each.startswith("waiting")) == [
            *("large1", "large2"),
            *("small2", "small3", "small4"),
        ]
        assert await connection.scalar(select(func.count()).where(of.body.is_not(None))) == 10


async def test_the_counts_of_deleted_webhooks_go_and_no_sum_falls(rows: Rows) -> None:
    def counted(hook: str, reason: str, count: int) -> dict[str, Any]:
        return {"hook": hook, "reason": reason, "count": count, "last_ms": 5}

    await rows.put(tables.hooks, {"id": "h"})
    given = [("", "forged", 1), ("h", "forged", 2), ("gone", "forged", 4), ("gone", "stale", 8), ("went", "stale", 16)]
    await rows.put(tables.refusals, *(counted(*each) for each in given))
    assert await rows.sweep(rows=2) == {"refusals: of no webhook": 3}
    of = tables.refusals.c
    async with rows.database.engine.connect() as connection:
        left = (await connection.execute(select(of.hook, of.reason, of["count"]).order_by(of.hook, of.reason))).all()
    assert [tuple(row) for row in left] == [("", "forged", 5), ("", "stale", 24), ("h", "forged", 2)]


async def test_old_events_go_but_for_what_endpoints_wait_for(rows: Rows) -> None:
    ages = (121, 119, 100, 95, 91, 89, 1)
    old = [{"number": number, "told_ms": NOW_MS - age * DAY_MS} for number, age in enumerate(ages, 1)]
    await rows.put(tables.events, *old)
    await rows.put(tables.sendings, *({"endpoint": "e", "event": number, "state": "sent"} for number in range(1, 8)))
    await rows.put(tables.endpoints, {"id": "e", "state": "enabled", "cursor": 3})

    async def become(table: Table, **values: Any) -> None:
        async with rows.database.begin() as connection:
            await connection.execute(update(table).values(values))

    async def left() -> list[int]:
        await rows.sweep(rows=2)
        return await rows.left(tables.events, "number")

    assert await left() == [4, 5, 6, 7], "the endpoint is at 3"
    await become(tables.endpoints, cursor=7)
    async with rows.database.begin() as connection:
        waits = update(tables.sendings).where(tables.sendings.c.event == 5).values(state="waiting")
        await connection.execute(waits)
    assert await left() == [5, 6, 7], "one is tried again and again"
    await rows.sweep(NOW_MS + 30 * DAY_MS)
    assert await rows.left(tables.events, "number") == [6, 7], "for so long, and no longer"
    await become(tables.endpoints, state="disabled")
    await rows.sweep(NOW_MS + 2 * DAY_MS)
    assert await rows.left(tables.events, "number") == await rows.left(tables.sendings, "event") == [7]


async def test_sendings_and_old_secrets(rows: Rows) -> None:
    await rows.put(
        tables.endpoints,
        {"id": "e", "secret": "new", "old_secret": "old", "old_until_ms": NOW_MS},
        {"id": "f", "secret": "new", "old_secret": "old", "old_until_ms": NOW_MS + 1},
    )

    def sending(event: int, state: str, days: float, endpoint: str = "e") -> dict[str, Any]:
        tried_ms = NOW_MS - int(days * DAY_MS)
        return {"endpoint": endpoint, "event": event, "state": state, "tried_ms": tried_ms}

    every = [
        sending(1, "sent", 31),
        sending(2, "dead", 29),
        sending(3, "waiting", 31),
        sending(4, "waiting", 0, "gone"),
    ]
    await rows.put(tables.sendings, *every)
    done = {"sendings: old": 1, "sendings: of no endpoint": 1, "endpoints: old secrets": 1}
    assert await rows.sweep() == done
    assert await rows.left(tables.sendings, "event") == [2, 3]
    async with rows.database.engine.connect() as connection:
        of = tables.endpoints.c
        left = (await connection.execute(select(of.old_secret, of.old_until_ms).order_by(of.id))).all()
    assert [tuple(row) for row in left] == [(None, None), ("old", NOW_MS + 1)]


async def test_what_was_asked_for_and_answered(rows: Rows) -> None:
    year_ms = NOW_MS - 365 * DAY_MS
    await rows.put(tables.imports, *({"id": str(n), "seen_ms": year_ms + n - 1} for n in range(2)))
    ended = [1, 2, 3, 4, None]
    await rows.put(tables.audits, *({"id": str(n), "at_ms": n, "ended_ms": end} for n, end in enumerate(ended)))
    for n, (state, at_ms) in enumerate([("done", 0), ("asked", 0), ("done", year_ms)]):
        await rows.put(tables.requests, {"id": str(n), "kind": "anchor", "state": state, "at_ms": at_ms})
    for n, (state, at_ms) in enumerate([("paid", 0), ("failed", 0), ("sent", 0), ("asked", 0), ("paid", year_ms)]):
        await rows.put(tables.claim_requests, {"id": str(n), "state": state, "at_ms": at_ms})
    states = ["final", "lost", "sent", "mined", "failed", "replaced"]
    await rows.put(tables.transactions, *({"hash": state, "state": state} for state in states))
    await rows.put(tables.transactions, {"hash": "young", "state": "final", "at_ms": year_ms})
    assert await rows.sweep() == {
        "imports: old": 1,
        "audits: more than are kept": 3,
        "requests: answered": 1,
        "claim_requests: answered": 2,
        "transactions: settled": 2,
    }
    assert await rows.left(tables.imports, "id") == ["1"]
    assert await rows.left(tables.audits, "id") == ["3", "4"], "the newest two, one of them under way"
    assert await rows.left(tables.requests, "id") == ["1", "2"]
    assert await rows.left(tables.claim_requests, "id") == ["2", "3", "4"]
    assert await rows.left(tables.transactions, "hash") == ["failed", "mined", "replaced", "sent", "young"]


async def test_a_sweep_is_bounded(rows: Rows) -> None:
    await rows.put(tables.sessions, *({"digest": os.urandom(8)} for _ in range(10)))
    assert await rows.sweep(rows=2, turns=3) == {"sessions: expired": 6}
    assert await rows.sweep(rows=2, turns=3) == {"sessions: expired": 4}


def test_every_rule_is_of_what_no_statement_binds() -> None:
    from ledger.log.checking.unbound import UNBOUND

    signed_in = {"sessions", "sign_in_links"}  # nothing follows from them; only what is there is compared
    swept: Sequence[str] = [rule.table for rule in RULES]
    assert set(swept) - signed_in <= UNBOUND.keys()
    for name in set(swept) - signed_in - {"transactions"}:  # hash and bytes of those that are kept are compared
        assert set(tables.metadata.tables[name].c.keys()) - {"log"} == set(UNBOUND[name][0]), name
