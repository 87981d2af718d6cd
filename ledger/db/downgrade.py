"""The way back to an older schema, refused where something would be lost that nobody gave up."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import command
from alembic.script import Script, ScriptDirectory
from sqlalchemy import ColumnElement, Connection, column, func, inspect, literal_column, select, table

from ledger.db.changing import Changes, alembic_config, changing
from ledger.db.migrate import Migrated
from ledger.db.schemas import declared, made_again, migrations, standing
from ledger.errors import ConfigError

Shape = dict[str, dict[str, str | None]]
"""The columns of each table, each with the SQL of its default."""


def downgrade(url: str, to: str, *, accept_loss: bool = False) -> Migrated:
    """Bring the database back to schema ``to``, in one transaction. Raises ConfigError, DatabaseError.

    It is refused, and nothing changes, where the log has entries that code of that schema cannot read; and where a
    table that goes has rows, or a column that goes has values, unless the next upgrade makes the same again or the
    loss is accepted.
    """

    async def work(changes: Changes) -> Migrated:
        def run(connection: Connection) -> Migrated:
            return _downgrade(connection, to, accept_loss=accept_loss)

        return await changes.make(run)

    return changing(url, work)


def _downgrade(connection: Connection, to: str, *, accept_loss: bool) -> Migrated:
    scripts = migrations()
    now = declared(connection)[0]
    _check(scripts, now, to)
    passed = list(scripts.iterate_revisions(now, to))
    _check_readable(connection, passed, to)
    trial = connection.begin_nested()
    before = _shape(connection)
    command.downgrade(alembic_config(connection), to)
    after = _shape(connection)
    trial.rollback()
    again = {name for each in passed for name in made_again(each)}
    lost = [] if accept_loss else _lost(connection, before, after, again)
    if lost:
        raise ConfigError(
            f"Schema {to} has no place for these rows: {', '.join(lost)}.",
            remedy="Nothing was changed. Make a backup, and give --accept-loss if all of that may be lost.",
        )
    command.downgrade(alembic_config(connection), to)
    return Migrated(now, standing(connection))


def _check(scripts: ScriptDirectory, now: str | None, to: str) -> None:
    known = {each.revision for each in scripts.walk_revisions()}
    if to not in known:
        raise ConfigError(f"There is no schema '{to}'.", remedy=f"Give one of {min(known)} to {max(known)}.")
    if now is None or now < to:
        raise ConfigError(
            f"The database has schema {now or 'none'}, which is older than {to}.",
            remedy="Run 'crowdledger db upgrade'.",
        )
    if now not in known:
        raise ConfigError(
            f"The database has schema {now}, which this version does not know.",
            remedy="Run 'crowdledger db downgrade' of the newer version.",
        )


def _check_readable(connection: Connection, passed: Sequence[Script], to: str) -> None:
    """Entries stay for ever, and code that cannot read one cannot read the log."""
    for script in passed:
        count = script.module.unreadable(connection) if hasattr(script.module, "unreadable") else 0
        if count:
            raise ConfigError(
                f"No version of schema {to} can read the log: it has {count} entries of what came with schema "
                f"{script.revision} ({script.doc}).",
                remedy="Nothing was changed. Entries stay for ever: go on with this version.",
            )


def _shape(connection: Connection) -> Shape:
    found = inspect(connection)
    names = [name for name in found.get_table_names() if name != "alembic_version"]
    return {name: {each["name"]: each.get("default") for each in found.get_columns(name)} for name in names}


def _lost(connection: Connection, before: Shape, after: Shape, again: set[str]) -> list[str]:
    """The tables and columns that go, with how many rows have something there. From now on nobody writes to them."""
    gone = {
        name: {each: default for each, default in columns.items() if each not in after.get(name, ())}
        for name, columns in sorted(before.items())
        if name not in again
    }
    going = [name for name, columns in gone.items() if columns]
    if going and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(going)} IN ACCESS EXCLUSIVE MODE")
    counts = {}
    for name in going:
        if name not in after:
            counts[name] = _count(connection, name)
            continue
        for each, default in gone[name].items():
            if f"{name}.{each}" not in again:
                counts[f"{name}.{each}"] = _count(connection, name, _has_value(each, default))
    return [f"{what} ({count})" for what, count in counts.items() if count]


def _has_value(name: str, default: str | None) -> ColumnElement[bool]:
    return column(name).is_not(None) if default is None else column(name).is_distinct_from(literal_column(default))


def _count(connection: Connection, name: str, *which: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table(name)).where(*which)).scalar_one()
