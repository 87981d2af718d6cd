"""Engines for both databases, with what each connection must have set.

Errors never repeat a statement's parameters: they are what people wrote, and errors end up in logs.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ledger.errors import ConfigError

_LOGGER = logging.getLogger(__name__)
BUSY_TIMEOUT_MS = 15_000
COMMAND_TIMEOUT_SECONDS = 60.0
MOST_CONNECTIONS = 15
"""To PostgreSQL, for one log in one process."""
_CACHED_STATEMENTS = 512
"""More than there are texts of statements that append; the driver's default is 128."""
_POSTGRES_SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
"""A plan that was kept from when a table was small would read all of it once it is large. Figures of a large campaign
take one core and not all of them, which everybody else's short queries then wait for."""
_NO_LIMIT = {"statement_timeout": "0"}
_POWER_CUT = ("fsync", "full_page_writes")
_DURABLE = ("synchronous_commit", *_POWER_CUT)
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "secure_delete = ON",  # what is erased is overwritten, not only unlinked
)
_READER_PRAGMAS = ("cache_size = -32768",)  # 32 MiB: the pages of indexes whose keys come in no order
_WRITER_PRAGMAS = (
    *_READER_PRAGMAS,
    "busy_timeout = 0",  # the store waits for the lock by itself
    "wal_autocheckpoint = 4000",  # pages, 16 MiB: many groups change the same ones, which are then copied once
)


def async_engine(url: URL, command_timeout_seconds: float | None = None) -> AsyncEngine:
    """The engine for reads and for the worker's own rows. A PostgreSQL that does not answer in time is an error."""
    if not is_sqlite(url):
        arguments = {"server_settings": _POSTGRES_SETTINGS, "command_timeout": command_timeout_seconds}
        # All are kept: one beyond those would be opened and closed for each query of a busy moment, which costs
        # PostgreSQL ten times what the query does.
        pool: dict[str, Any] = {"pool_size": MOST_CONNECTIONS, "max_overflow": 0}
        return create_async_engine(url, connect_args=arguments, hide_parameters=True, **pool)
    engine = create_async_engine(url, hide_parameters=True)
    _prepare_sqlite(engine.sync_engine)
    return engine


def migrating_engine(url: URL) -> AsyncEngine:
    """The engine for migrations: SQLite changes a column by a new table in the place of one that others refer to."""
    if not is_sqlite(url):
        # What the role or the server allows a query would end a large table's index again and again, half made.
        return create_async_engine(url, connect_args={"server_settings": _NO_LIMIT}, hide_parameters=True)
    engine = create_async_engine(url, hide_parameters=True)
    # In a transaction it would be too late for the first; the second: whoever migrates asks for the lock by itself.
    _prepare_sqlite(engine.sync_engine, ("foreign_keys = OFF", "busy_timeout = 0"))
    return engine


def sqlite_engine(url: URL, *, appending: bool) -> Engine:
    """An engine without asyncio, for the connection that appends or for quick reads: used by one thread at a time."""
    arguments = {"cached_statements": _CACHED_STATEMENTS, "check_same_thread": False}
    engine = create_engine(url.set(drivername="sqlite"), connect_args=arguments, hide_parameters=True)
    _prepare_sqlite(engine, _WRITER_PRAGMAS if appending else _READER_PRAGMAS)
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the URL names a SQLite file; otherwise it is PostgreSQL."""
    return url.get_backend_name() == "sqlite"


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same engine for single queries: on PostgreSQL each goes alone, with no BEGIN before and no ROLLBACK after it.

    Those would be two of three ways to the server and back, for nothing: a query sees one moment as it is.
    """
    return engine if is_sqlite(engine.url) else engine.execution_options(isolation_level="AUTOCOMMIT")


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, whose transactions take SQLite's write lock at their beginning, not in the middle."""
    return engine.execution_options(crowdledger_write=True)


def _prepare_sqlite(engine: Engine, more: tuple[str, ...] = ()) -> None:
    """The driver opens no transactions by itself any more; SQLAlchemy's begin does, for SELECT and DDL too."""

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in (*_PRAGMAS[::-1], *more):
                cursor.execute(f"PRAGMA {pragma}")
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("crowdledger_write") else "BEGIN")


async def check_durable(engine: AsyncEngine) -> None:
    """Raise ConfigError unless a commit on PostgreSQL is on disk before it is answered.

    What only a power cut can turn into a loss is warned of: trials run so, and some file systems need no whole pages.
    """
    async with engine.connect() as connection:
        found = {name: (await connection.exec_driver_sql(f"SHOW {name}")).scalar_one() for name in _DURABLE}
    if found["synchronous_commit"] not in ("on", "remote_write", "remote_apply"):
        raise ConfigError(
            f"PostgreSQL runs with synchronous_commit={found['synchronous_commit']}: an answered entry could be lost.",
            remedy="Set synchronous_commit=on for the server or for this role and database.",
        )
    for name in _POWER_CUT:
        if found[name] != "on":
            _LOGGER.warning(
                "PostgreSQL runs with %s=%s: a power cut can destroy the log. Set it to on.", name, found[name]
            )
