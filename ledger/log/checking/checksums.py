"""Rows of which a part is in no statement: their checksum says whether that part is what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.db.checksums import CHECKED, checksum
from ledger.log.checking.report import Check
from ledger.log.checking.snapshot import Snapshot, same

_OF_NO_ENTRY: Final = ("sessions", "sign_in_links", "members", "files", "restored")


def expected_checksum(table: str, row: Mapping[str, Any]) -> int:
    """The checksum that a row must have by what else it says."""
    values = (row[column] for column in CHECKED[table])
    return checksum(*(int(value) if isinstance(value, bool) else value for value in values))


def compare_checksum(check: Check, table: str, row: Mapping[str, Any], entry: int | None) -> None:
    """Note a row whose checksum is not its own."""
    if not same(row["checksum"], expected_checksum(table, row)):
        check.error(
            f"A row of {table} has another checksum than its {', '.join(CHECKED[table])}.",
            entry=entry,
            table=table,
            column="checksum",
        )


async def check_checksums(snapshot: Snapshot, check: Check) -> None:
    """Compare the checksums of rows that no entry is about."""
    compared = 0
    for table in _OF_NO_ENTRY:
        columns = (*CHECKED[table], "checksum")
        for row in await snapshot.all(f"SELECT {', '.join(columns)} FROM {table} WHERE log = :log"):  # noqa: S608
            compare_checksum(check, table, dict(zip(columns, row, strict=True)), None)
            compared += 1
    check.evidence = f"rows: {compared}"
