"""A commit is on the disk before it is answered: what every connection that writes has set."""

from __future__ import annotations

import sqlite3
from typing import Any, ClassVar

import asyncpg
import pytest
from sqlalchemy import text

from ledger.db import open_database
from ledger.log.opening import open_log
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree.keys import LogSigner
from tests.services.postgres import PostgresDatabases
from tests.simulation.crash.serving import ORIGIN
from tests.simulation.crash.stage import sqlite_file
from tests.unit.log.samples import Maker

FULL = 2


class Told(sqlite3.Connection):
    """A connection that keeps what is set whenever it begins to write."""

    settings: ClassVar[list[dict[str, Any]]] = []

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        return super().cursor(TellingCursor)

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor().execute(sql, *arguments)


class TellingCursor(sqlite3.Cursor):
    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        done = super().execute(sql, *arguments)
        if sql.startswith("BEGIN IMMEDIATE"):
            pragmas = ("journal_mode", "synchronous", "foreign_keys")
            plain = [sqlite3.Cursor(self.connection).execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
            Told.settings.append(dict(zip(pragmas, plain, strict=True)))
        return done


async def test_every_connection_to_sqlite_that_writes(
    sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def telling(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, **options, factory=Told)

    for module in (sqlite3, sqlite3.dbapi2):
        monkeypatch.setattr(module, "connect", telling)
    monkeypatch.setattr(Told, "settings", [])
    signer = LogSigner.generate(ORIGIN)
    async with open_database(sqlite_database_url) as database:
        await open_log(database, "main", ORIGIN, signer, 3)  # the head's row by the engine, entry 0 by a store
        async with Writer(database, "main", signer) as writer:
            writer.allow_writes()
            await writer.write(Maker(start_ms=system_clock_ms()).register())
        async with database.begin() as connection:  # the worker's way
            await connection.execute(text("DELETE FROM leases"))
    assert len(Told.settings) == 4
    assert all(each == {"journal_mode": "wal", "synchronous": FULL, "foreign_keys": 1} for each in Told.settings)
    # It stays in this mode for whoever opens it without asking.
    assert connect(sqlite_file(sqlite_database_url)).execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_postgresql_that_a_power_cut_can_destroy_is_warned_of(
    postgres: PostgresDatabases, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", "", 1))
    async with open_database(postgres_url):
        off = {name for name in ("fsync", "full_page_writes") if await connection.fetchval(f"SHOW {name}") == "off"}
    await connection.close()
    assert {record.args[0] for record in caplog.records if record.name == "ledger.db.engines"} == off
    assert all("power cut" in record.getMessage() for record in caplog.records if record.name == "ledger.db.engines")
