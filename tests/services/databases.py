"""Migrated databases for tests: the migrations run once a test process, each test gets a copy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.services.postgres import PostgresDatabases


def migrate(url: str) -> None:
    """Brings a database to the newest schema with the project's own migrations."""
    import ledger.db

    ledger.db.migrate(url)


def sqlite_url(file: Path) -> str:
    """The file's URL for SQLAlchemy's async engine."""
    return f"sqlite+aiosqlite:///{file}"


def make_sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file to copy from."""
    template = folder / "template.sqlite"
    migrate(sqlite_url(template))
    return template


def copy_sqlite(template: Path, target: Path) -> str:
    """Copies a SQLite file with whatever is still in its write-ahead log; returns the copy's URL."""
    with contextlib.closing(sqlite3.connect(template)) as source, contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return sqlite_url(target)


@contextlib.contextmanager
def postgres_template(databases: PostgresDatabases) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy from; nobody may be connected to it meanwhile."""
    name = databases.create()
    try:
        migrate(databases.url(name))
        yield name
    finally:
        databases.drop(name)
