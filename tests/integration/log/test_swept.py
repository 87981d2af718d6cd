"""However old everything is: a sweep leaves the log, and whatever an audit of the database reads, as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, select, update

from ledger.config import Config
from ledger.db import Database, open_database, tables
from ledger.db.sweeping import DAY_MS, RULES, sweep
from ledger.log.checking import check_database
from tests.integration.log.whole_log import write_whole_log

_SETTLED = {
    tables.transactions: "final",
    tables.requests: "done",
    tables.claim_requests: "paid",
    tables.deliveries: "done",
    tables.sendings: "sent",
}


async def _rows(database: Database, table: Table) -> Sequence[Row[Any]]:
    async with database.engine.connect() as connection:
        return (await connection.execute(select(table).order_by(*table.primary_key.columns))).all()


async def test_a_sweep_of_all_that_is_old_leaves_what_an_audit_needs(database_url: str) -> None:
    await write_whole_log(database_url, "main", seed=9, groups=40)
    async with open_database(database_url) as database:
        async with database.begin() as connection:
            for table, state in _SETTLED.items():
                await connection.execute(update(table).values(state=state))
            await connection.execute(update(tables.requests).values(kind="anchor"))
            await connection.execute(update(tables.deliveries).values(ended_ms=1, next_ms=None))
            await connection.execute(update(tables.sendings).values(tried_ms=1))
            await connection.execute(update(tables.endpoints).values(state="disabled"))
        before = {table: await _rows(database, table) for table in tables.metadata.sorted_tables}
        erased = await sweep(database, "main", Config(audit_reports_kept=1), now_ms=40_000_000 * DAY_MS)
        after = {table: await _rows(database, table) for table in tables.metadata.sorted_tables}
        report = await check_database(database, "main")
    swept = {rule.table for rule in RULES}
    assert {table.name for table in before if before[table] != after[table]} <= swept
    assert before[tables.entries]
    gone = {table.name for table in before if before[table] and not after[table]}
    assert gone == swept - {"endpoints", "refusals", "audits"}, erased
    assert report.findings == []
