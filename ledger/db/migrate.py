"""Migrations: bring a database to the newest schema, and tell whether it has it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from ledger.db.engines import is_sqlite, migrating_engine, writing
from ledger.db.urls import parse_url
from ledger.errors import ConfigError, DatabaseError

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x63726F7764  # any number, the same for all; two migrations at once wait for each other


def migrate(url: str) -> None:
    """Bring the database to the newest schema; nothing happens where it has it. Raises ConfigError, DatabaseError.

    May be called with an event loop running: it uses a thread and a loop of its own.
    """
    parsed = parse_url(url)
    if is_sqlite(parsed) and not Path(str(parsed.database)).absolute().parent.is_dir():
        raise ConfigError(f"There is no folder for {parsed.database}.", remedy="Make the folder first.")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _migrate(parsed)).result()


def check_at_head(connection: Connection) -> None:
    """Raise ConfigError unless the database has the newest schema."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current != head:
        raise ConfigError(
            f"The database has schema {current or 'none'}; this version needs {head}.",
            remedy="Run 'crowdledger db upgrade'.",
        )


async def _migrate(url: URL) -> None:
    engine = migrating_engine(url)
    try:
        async with writing(engine).begin() as connection:
            if not is_sqlite(url):
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            await connection.run_sync(_upgrade)
            if is_sqlite(url) and (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise DatabaseError(
                    "The migration failed: rows refer to others that are not there.",
                    remedy="Nothing was changed. Restore the database from a backup and upgrade that.",
                )
    except CommandError as error:
        raise ConfigError(
            f"The database has a schema that this version does not know: {error}.", remedy="Use the newer version."
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"The migration failed: {error}", remedy="Check the database URL and rights.") from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
