"""Which code may run on which schema.

Every migration declares with ``oldest`` the oldest schema whose code may run on what it makes: its own number where it
takes something away, changes it or asks more of rows than before, an older one where it only adds. The database says
beside its number what counts for all of its migrations together, so that code which knows none of the newer ones can
tell whether they leave it what it needs. Schemas are numbers of four digits: a later one is greater as a text too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect, text

from ledger.errors import ConfigError

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_SINCE: Final = "0013"
"""The first schema with the column."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands to this version: the database's schema (None without tables), the oldest schema whose code
    may run on it, the schema of this version, and the oldest schema whose code may run on that.
    """

    schema: str | None
    oldest: str | None
    own: str
    own_oldest: str

    @property
    def runs(self) -> bool:
        """Whether this version may run on the database as it is."""
        newer = self.schema is not None and self.schema > self.own
        return self.schema == self.own or (newer and self.oldest is not None and self.oldest <= self.own)

    @property
    def goes_on(self) -> bool:
        """Whether processes of the database's present schema may go on while it is upgraded, and after."""
        return self.schema is not None and self.own_oldest <= self.schema

    def check(self) -> None:
        """Raise ConfigError unless this version may run on the database as it is."""
        if self.runs:
            return
        if self.schema is None or self.schema < self.own:
            raise ConfigError(
                f"The database has schema {self.schema or 'none'}; this version needs {self.own}.",
                remedy="Run 'crowdledger db upgrade'.",
            )
        raise ConfigError(
            f"The database has schema {self.schema}, on which versions from schema {self.oldest or self.schema} on may "
            f"run; this version has {self.own}.",
            remedy="Use a newer version, or go back with 'crowdledger db downgrade' of the newer one.",
        )


def migrations() -> ScriptDirectory:
    """All migrations that this version knows."""
    return ScriptDirectory(str(_SCRIPTS))


def standing(connection: Connection) -> Standing:
    """How the database stands to this version. Raises ConfigError where its schema cannot be told."""
    scripts = migrations()
    own = str(scripts.get_current_head())
    return Standing(*declared(connection), own, oldest_for(scripts, own))


def declared(connection: Connection) -> tuple[str | None, str | None]:
    """The database's schema and the oldest one whose code may run on it, as it says itself; an old one says only the
    first. Raises ConfigError where it names several schemas.
    """
    if not inspect(connection).has_table("alembic_version"):
        return None, None
    rows = connection.execute(text("SELECT * FROM alembic_version")).mappings().all()
    if len(rows) > 1:
        raise ConfigError("The database says that it has several schemas.", remedy="Restore it from a backup.")
    if not rows:
        return None, None
    schema = str(rows[0]["version_num"])
    return schema, rows[0].get("oldest") or schema


def check_schema(connection: Connection) -> Standing:
    """How the database stands to this version. Raises ConfigError unless this version may run on it."""
    found = standing(connection)
    found.check()
    return found


def made_again(script: Script) -> frozenset[str]:
    """The tables and columns (``table.column``) that a migration fills from what is there without them, so that
    nothing is lost where they go: its ``made_again``.
    """
    return frozenset(getattr(script.module, "made_again", ()))


def is_additive(script: Script) -> bool:
    """Whether code of the schema before may run on what the migration makes."""
    return _declaration(script) < script.revision


def oldest_for(scripts: ScriptDirectory, revision: str) -> str:
    """The oldest schema whose code may run on ``revision``: what the strictest migration up to it says."""
    return max(_declaration(script) for script in scripts.iterate_revisions(revision, "base"))


def note_oldest(scripts: ScriptDirectory, *, ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
    """Write down what counts after a migration, up or down, in its own transaction (Alembic's callback)."""
    now = next(iter(step.destination_revision_ids), "")
    if now >= _SINCE and ctx.connection is not None:
        values = {"oldest": oldest_for(scripts, now)}
        ctx.connection.execute(text("UPDATE alembic_version SET oldest = :oldest"), values)


def _declaration(script: Script) -> str:
    return str(script.module.oldest)
