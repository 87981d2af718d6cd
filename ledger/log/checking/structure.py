"""The database's own structure, and rows that belong to no log."""

from __future__ import annotations

from sqlalchemy import Table

from ledger.db import tables
from ledger.log.checking.report import MAX_FINDINGS_A_CHECK, Check, Report
from ledger.log.checking.snapshot import Snapshot

_MOST = MAX_FINDINGS_A_CHECK


async def check_structure(snapshot: Snapshot, report: Report) -> None:
    """SQLite's pages, indexes and references (PostgreSQL checks its own pages); every row names a log that is there."""
    check = report.check("file", "The database's pages, indexes and references hold together")
    if snapshot.is_sqlite:
        check.evidence = "integrity_check, foreign_key_check"
        for (words,) in await snapshot.all(f"PRAGMA integrity_check({_MOST})"):
            if words != "ok":
                check.error(f"SQLite says: {words}.")
        for table, row, parent, _ in await snapshot.all("PRAGMA foreign_key_check"):
            check.error(f"Row {row} of {table} names something that is not in {parent}.", table=str(table))
    else:
        check.skip("PostgreSQL has its own checks: data checksums, amcheck.")
    await _check_logs(snapshot, report.check("logs", "Every row belongs to a log that is there"))


async def _check_logs(snapshot: Snapshot, check: Check) -> None:
    check.evidence = f"tables: {len(tables.metadata.tables)}"
    for name, table in tables.metadata.tables.items():
        if name == "logs":
            continue
        place = _place(table)
        query = f"SELECT log, {place} FROM {name} AS t WHERE log NOT IN (SELECT name FROM logs) LIMIT {_MOST}"  # noqa: S608
        for log, entry in await snapshot.all(query):
            check.error(
                f"A row says it is of a log {log!r}, which is not there.", entry=entry, table=name, column="log"
            )


def _place(table: Table) -> str:
    """SQL for the entry that a row is of, where it says so."""
    if "entry_index" in table.c:
        return "entry_index"
    if table.name == "checkpoints":
        return "size - 1"
    if table.name == "contents":
        return "(SELECT MIN(d.entry_index) FROM decisions AS d WHERE d.id = t.subject)"
    return "NULL"
