"""The service erases by itself what is too old, and goes on after the database failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from api import sweeping
from ledger.db import open_database, tables
from ledger.errors import DatabaseError
from ledger.tree.keys import LogSigner
from tests.integration.api.running import running, settings, until


async def test_it_goes_on_until_all_is_gone(
    sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "ROWS", 2)
    monkeypatch.setattr(sweeping, "_TURNS", 2)
    monkeypatch.setattr(sweeping, "_SOON_SECONDS", 0.01)
    sweep, times = sweeping.sweep, 0

    async def failing_first(*arguments: Any, **how: Any) -> dict[str, int]:
        nonlocal times
        times += 1
        if times == 1:
            raise DatabaseError("The database does not answer.")
        monkeypatch.setattr(sweeping, "_SECONDS", 3_600.0)
        return await sweep(*arguments, **how, rows=2)

    monkeypatch.setattr(sweeping, "_SECONDS", 0.01)
    monkeypatch.setattr(sweeping, "sweep", failing_first)
    row = {"log": "main", "request": "", "at_ms": 0}
    async with open_database(sqlite_database_url) as database, database.begin() as connection:
        await connection.execute(insert(tables.repeats), [row | {"id": str(number)} for number in range(9)])
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as api:

        async def gone() -> bool:
            found = await api.service.reads.one(select(func.count().label("number")).select_from(tables.repeats))
            return found is not None and found.number == 0

        await until(gone)
    assert times == 4, "once in vain, then 4, 4 and 1"
