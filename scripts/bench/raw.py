"""What the plain drivers do: the rows that our writes stored, inserted in bulk, and commits of one row.

The rows are read from a database that the engine wrote, 100 contributions a commit, and go into the same schema with
its indexes, as durable as ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from ledger.db import migrate, open_database
from ledger.log.opening import open_log
from ledger.log.writer import Writer
from scripts.bench.loading import LOG, Items, write_all
from scripts.bench.postgres import engine_url
from scripts.bench.service import ORIGIN, Site

_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_PLAIN = "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT, body BYTEA)"
_PLAIN_ROW = ("0198c0de-0000-7000-8000-000000000000", bytes(400))
Group = list[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]
"""Tables with their columns and rows, in the order of inserting."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The rows of groups of ``items`` contributions."""

    groups: list[Group]
    items: int

    @property
    def rows_an_item(self) -> float:
        """How many rows a contribution is, of all tables."""
        rows = sum(len(rows) for group in self.groups for _, _, rows in group)
        return rows / (self.items * len(self.groups))


def capture(folder: Path, groups: int, items: int) -> Captured:
    """Write ``groups`` groups with the engine into a new SQLite file and read back what each stored."""
    folder.mkdir()
    site = Site.make(folder, f"sqlite+aiosqlite:///{folder / 'bench.db'}")
    return Captured(asyncio.run(_capture(site, groups, items)), items)


async def _capture(site: Site, groups: int, items: int) -> list[Group]:
    async with open_database(site.database_url) as database:
        await open_log(database, LOG, ORIGIN, site.signer, 0)
        async with Writer(database, LOG, site.signer, own_clock=True) as writer:
            writer.allow_writes()
            made = Items()
            await write_all(writer, [made.platform()])
            await write_all(writer, [made.campaign()])
            with contextlib.closing(sqlite3.connect(site.folder / "bench.db")) as connection:
                seen = _New(connection)
                seen.rows()
                captured = []
                for _ in range(groups):
                    await write_all(writer, made.submissions(items))
                    captured.append(seen.rows())
    return captured


class _New:
    """The rows that are new since the last time, of all tables that have any, by rowid."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        self._last = {name: 0 for (name,) in names if name != "alembic_version"}

    def rows(self) -> Group:
        group: Group = []
        for table, last in self._last.items():
            query = f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid"
            cursor = self._connection.execute(query, (last,))
            rows = cursor.fetchall()
            if rows:
                self._last[table] = rows[-1][0]
                columns = tuple(each[0] for each in cursor.description[1:])
                group.append((table, columns, [row[1:] for row in rows]))
        return group


class SqliteBulk:
    """Inserts captured rows with ``executemany``, each round into a new file."""

    def __init__(self, folder: Path, captured: Captured) -> None:
        folder.mkdir()
        self._captured = captured
        self._template = folder / "template.db"
        self._file = folder / "bulk.db"
        migrate(f"sqlite+aiosqlite:///{self._template}")
        with contextlib.closing(sqlite3.connect(self._template)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")

    def per_second(self) -> float:
        """Contributions a second."""
        for old in self._file.parent.glob("bulk.db*"):
            old.unlink()
        shutil.copy(self._template, self._file)
        with contextlib.closing(_connected(self._file)) as connection:
            statements = [[(_insert(table, names), rows) for table, names, rows in g] for g in self._captured.groups]
            started = time.perf_counter()
            for group in statements:
                connection.execute("BEGIN IMMEDIATE")
                for statement, rows in group:
                    connection.executemany(statement, rows)
                connection.execute("COMMIT")
            seconds = time.perf_counter() - started
        return self._captured.items * len(statements) / seconds


def sqlite_plain(folder: Path, commits: int, rows: int) -> float:
    """Seconds of one durable commit of ``rows`` rows into one plain table: the mean over ``commits``."""
    folder.mkdir(exist_ok=True)
    file = folder / "plain.db"
    for old in folder.glob("plain.db*"):
        old.unlink()
    with contextlib.closing(_connected(file)) as connection:
        connection.execute(_PLAIN)
        values = [_PLAIN_ROW] * rows
        started = time.perf_counter()
        for _ in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO plain (name, body) VALUES (?, ?)", values)
            connection.execute("COMMIT")
        return (time.perf_counter() - started) / commits


class PostgresBulk:
    """The same with asyncpg: ``copy_records_to_table`` into tables that are emptied before each round."""

    def __init__(self, url: str, captured: Captured) -> None:
        self._url = url
        self._captured = captured
        migrate(engine_url(url))

    def per_second(self) -> float:
        """Contributions a second."""
        return asyncio.run(self._per_second())

    async def _per_second(self) -> float:
        connection = await asyncpg.connect(self._url)
        try:
            tables = {table for group in self._captured.groups for table, _, _ in group}
            await connection.execute(f"TRUNCATE {', '.join(sorted(tables))} CASCADE")
            started = time.perf_counter()
            for group in self._captured.groups:
                async with connection.transaction():
                    for table, columns, rows in group:
                        await connection.copy_records_to_table(table, records=rows, columns=columns)
            seconds = time.perf_counter() - started
        finally:
            await connection.close()
        return self._captured.items * len(self._captured.groups) / seconds


def postgres_plain(url: str, commits: int, rows: int) -> float:
    """Seconds of one durable commit of ``rows`` rows into one plain table: the mean over ``commits``."""
    return asyncio.run(_postgres_plain(url, commits, rows))


async def _postgres_plain(url: str, commits: int, rows: int) -> float:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP TABLE IF EXISTS plain")
        await connection.execute("CREATE TABLE plain (id BIGSERIAL PRIMARY KEY, name TEXT, body BYTEA)")
        values = [_PLAIN_ROW] * rows
        started = time.perf_counter()
        for _ in range(commits):
            async with connection.transaction():
                await connection.executemany("INSERT INTO plain (name, body) VALUES ($1, $2)", values)
        return (time.perf_counter() - started) / commits
    finally:
        await connection.close()


def _connected(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"
