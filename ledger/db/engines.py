"""Engines for both databases, with what each connection must have set."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ledger.errors import ConfigError

BUSY_TIMEOUT_MS = 15_000
COMMAND_TIMEOUT_SECONDS = 60.0
_POSTGRES_SETTINGS = {"plan_cache_mode": "force_custom_plan"}
"""A plan that was kept from when a table was small would read all of it once it is large."""
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "secure_delete = ON",  # what is erased is overwritten, not only unlinked
)


def async_engine(url: URL, command_timeout_seconds: float | None = None) -> AsyncEngine:
    """The engine for reads and for the worker's own rows. A PostgreSQL that does not answer in time is an error."""
    if not is_sqlite(url):
        arguments = {"server_settings": _POSTGRES_SETTINGS, "command_timeout": command_timeout_seconds}
        return create_async_engine(url, connect_args=arguments)
    engine = create_async_engine(url)
    _prepare_sqlite(engine.sync_engine)
    return engine


def sqlite_engine(url: URL) -> Engine:
    """An engine without asyncio, for the thread that appends."""
    engine = create_engine(url.set(drivername="sqlite"))
    _prepare_sqlite(engine)
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the URL names a SQLite file; otherwise it is PostgreSQL."""
    return url.get_backend_name() == "sqlite"


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, whose transactions take SQLite's write lock at their beginning, not in the middle."""
    return engine.execution_options(crowdledger_write=True)


def _prepare_sqlite(engine: Engine) -> None:
    """The driver opens no transactions by itself any more; SQLAlchemy's begin does, for SELECT and DDL too."""

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in _PRAGMAS[::-1]:
                cursor.execute(f"PRAGMA {pragma}")
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("crowdledger_write") else "BEGIN")


async def check_durable(engine: AsyncEngine) -> None:
    """Raise ConfigError unless a commit on PostgreSQL is on disk before it is answered."""
    async with engine.connect() as connection:
        row = (await connection.exec_driver_sql("SHOW synchronous_commit")).one()
    if row[0] not in ("on", "remote_write", "remote_apply"):
        raise ConfigError(
            f"PostgreSQL runs with synchronous_commit={row[0]}: an answered entry could be lost.",
            remedy="Set synchronous_commit=on for the server or for this role and database.",
        )
