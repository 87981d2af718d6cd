"""Migrations: bring a database to the newest schema, and tell whether it has it."""

from __future__ import annotations

from dataclasses import dataclass

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.db.changing import Changes, alembic_config, changing, reading
from ledger.db.schemas import Standing, check_schema, declared, is_additive, migrations, standing
from ledger.errors import ConfigError, DatabaseError

_INVALID = """
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace AND relname LIKE 'ix%'
"""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a change of the schema did: the schema before (None of an empty database), and how all stands now."""

    before: str | None
    now: Standing


def migrate(url: str) -> Migrated:
    """Bring the database to the newest schema; nothing happens where it has it, or a newer one that this version may
    run on. Raises ConfigError, DatabaseError.

    A database that has rows is changed migration by migration, so that nobody waits long for any of them; what fails
    changes nothing of its own migration, and those before it stand.
    """
    return changing(url, _upgrade)


def look(url: str) -> Standing:
    """How the database stands to this version, read beside whoever uses it. Raises ConfigError, DatabaseError."""
    return reading(url, standing)


async def _upgrade(changes: Changes) -> Migrated:
    scripts = migrations()
    head = str(scripts.get_current_head())
    first = now = await changes.make(_schema)
    while now != head:
        if now is None:
            await changes.make(lambda connection: command.upgrade(alembic_config(connection), "head"))
        elif now > head:
            await changes.make(check_schema)
            break
        else:
            await _step(changes, scripts, now)
        now = await changes.make(_schema)
    return Migrated(first, await changes.make(standing))


async def _step(changes: Changes, scripts: ScriptDirectory, now: str) -> None:
    """One migration from schema ``now`` on."""
    script = next((each for each in scripts.walk_revisions() if each.down_revision == now), None)
    if script is None:
        raise ConfigError(f"No version has schema {now}.", remedy="Restore the database from a backup.")

    def run(connection: Connection) -> None:
        if _schema(connection) != now:
            return  # somebody else was quicker
        command.upgrade(alembic_config(connection), script.revision)
        if changes.sqlite and not is_additive(script):
            _check_references(connection, now)

    def run_beside(connection: Connection) -> None:
        for (index,) in connection.exec_driver_sql(_INVALID).all():
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {index}")  # an attempt of before broke off
        command.upgrade(alembic_config(connection), script.revision)

    if getattr(script.module, "only_indexes", False) and not changes.sqlite:
        await changes.make_beside(run_beside)
    else:
        await changes.make(run)


def _schema(connection: Connection) -> str | None:
    return declared(connection)[0]


def _check_references(connection: Connection, before: str) -> None:
    """SQLite changes a column by a new table in the place of the old one, and looks at no references meanwhile."""
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise DatabaseError(
            "The migration failed: rows refer to others that are not there.",
            remedy=f"The database still has schema {before}. Restore it from a backup and upgrade that.",
        )
