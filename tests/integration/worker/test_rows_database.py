"""The worker's rows in a database: many logs, many rows, writers at once, and trouble."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace

import pytest
from sqlalchemy import select

from ledger.db import open_database, tables
from ledger.errors import DatabaseError, TransactionError
from tests.integration.worker.row_stores import ANN, BIG, PLACE, Tables, attempt, leading, report, settled


@pytest.fixture
async def tables_(database_url: str) -> AsyncIterator[Tables]:
    async with open_database(database_url) as database:
        yield Tables(database)


async def test_each_log_has_a_lease_and_a_cursor_of_its_own(tables_: Tables) -> None:
    rows, other = await leading(tables_.rows()), tables_.rows("other")
    assert await other.hold("b", 0, 0, 10) == 1
    await rows.move_cursor(5, None, None)
    assert await other.cursor() is None
    assert await tables_.rows(deployment=replace(PLACE, chain_id=1)).cursor() is None


async def test_two_that_take_the_first_lease_at_once(tables_: Tables) -> None:
    tokens = await asyncio.gather(*(tables_.rows().hold(holder, 0, 0, 10) for holder in "abcd"))
    assert sorted(tokens) == [0, 0, 0, 1]


async def test_a_nonce_belongs_to_one_intent_of_one_log_for_ever(tables_: Tables) -> None:
    rows, other = await leading(tables_.rows()), await leading(tables_.rows("other"))
    elsewhere = await leading(tables_.rows("far", replace(PLACE, chain_id=1)))
    await rows.save_attempt(attempt(1))
    await rows.save_attempt(attempt(2))
    with pytest.raises(TransactionError, match=r"anchor:5 of the log main"):
        await rows.save_attempt(attempt(3, intent="anchor:6"))
    for intent in ("anchor:5", "fill"):
        with pytest.raises(TransactionError):
            await other.save_attempt(attempt(4, intent=intent))
    assert await other.next_nonce(ANN) == 1
    await other.save_attempt(attempt(5, nonce=1, intent="fill"))
    with pytest.raises(TransactionError):
        await rows.save_attempt(attempt(6, nonce=1, intent="fill"))
    await rows.save_attempt(attempt(7, intent="fill"))
    await rows.save_attempt(attempt(8))
    with pytest.raises(TransactionError):
        await other.save_attempt(attempt(9, nonce=1, intent="anchor:7"))
    await elsewhere.save_attempt(attempt(1, intent="anchor:9"))
    assert [each.at_ms for each in await rows.open_attempts()] == [1, 2, 7, 8]
    assert [each.at_ms for each in await other.open_attempts()] == [5]
    assert await rows.next_nonce(ANN) == 2


async def test_two_logs_that_want_one_nonce_at_once(tables_: Tables) -> None:
    logs = [await leading(tables_.rows(name)) for name in ("main", "other")]
    saves = (each.save_attempt(attempt(number)) for number, each in enumerate(logs))
    said = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(each) for each in said if each is not None] == [TransactionError]


async def test_another_pools_settlements_are_not_ours(tables_: Tables) -> None:
    rows = await leading(tables_.rows())
    await rows.save_settlement(settled(1), [(ANN, 1)])
    other = tables_.rows(deployment=replace(PLACE, pool=ANN))
    assert (await other.saved_proposal(1), await other.tree_accounts(1)) == (None, [])


async def test_the_last_report_is_kept(tables_: Tables) -> None:
    rows = await leading(tables_.rows())
    await rows.report(report())
    await rows.report(report(2))
    async with tables_.database.engine.connect() as connection:
        ((text, at_ms),) = await connection.execute(
            select(tables.worker_reports.c.report, tables.worker_reports.c.at_ms)
        )
    assert at_ms == 2
    assert json.loads(text)["accounts"] == [{"role": "operator", "address": ANN, "balance": BIG, "low": False}]


async def test_a_database_that_fails_is_named_without_its_url(tables_: Tables) -> None:
    rows = await leading(tables_.rows())
    too_many: list[Awaitable[object]] = [rows.move_cursor(2**63, None, None), rows.save_attempt(attempt(1, gas=2**63))]
    for call in too_many:
        with pytest.raises(DatabaseError, match=r"^The database does not answer \(\w+\)\. "):
            await call
    async with tables_.database.begin() as connection:
        await connection.execute(tables.anchors.delete())
        await connection.exec_driver_sql("ALTER TABLE anchors RENAME TO elsewhere")
    calls: list[Awaitable[object]] = [rows.loose_anchors(), rows.replace_loose_anchors([])]
    for call in calls:
        with pytest.raises(DatabaseError) as caught:
            await call
        assert "anchors" not in str(caught.value)
    assert await rows.next_nonce(ANN) == 0, "nothing is half done"


async def test_many_at_once(tables_: Tables) -> None:
    rows = await leading(tables_.rows())
    accounts = [f"0x{number:040x}" for number in range(1_100)]
    await tables_.ask_claims(*((str(number), account, number) for number, account in enumerate(accounts)))
    asked = await rows.claims_asked()
    assert len(asked) == 1_000, "a bounded number"
    await rows.note_claims([], dict.fromkeys(accounts, 1), final=True)
    assert len(await tables_.claims()) == 1_100
    await rows.set_claims([str(number) for number in range(1_100)], "paid", transaction="0x1")
    assert await rows.claims_asked() == []
    assert dict(await rows.claims_relayed(accounts, 0)) == dict.fromkeys(accounts, 1)
    shares = [(account, 1) for account in accounts]
    await rows.save_settlement(settled(1), shares)
    assert await rows.tree_accounts(1) == shares
