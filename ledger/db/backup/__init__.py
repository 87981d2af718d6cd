"""Backups of a database in one file: made while others write, verified, and loaded into a database that has nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from ledger.db import engines
from ledger.db.backup import postgres, sqlite
from ledger.db.backup.files import new_file
from ledger.db.backup.heads import SavedLog
from ledger.db.urls import parse_url
from ledger.errors import ConfigError

__all__ = ["SavedLog", "back_up", "check_backup", "loading"]


def back_up(url: str, target: Path) -> list[SavedLog]:
    """Write the database at ``url`` to the new file ``target``, one moment of it, and return the logs in it.

    The file is there, durable and readable by its owner alone, only once it was read again and holds whole logs.
    Nobody is kept from writing meanwhile. Raises ConfigError, DatabaseError, and ProofError or SignatureError where
    the copy does not lead to its own checkpoints.
    """
    parsed = parse_url(url)
    with new_file(target) as part:
        if engines.is_sqlite(parsed):
            sqlite.write(parsed, part)
            return sqlite.check(part)
        postgres.write(parsed, part)
        return postgres.check(part)


def check_backup(url: str, file: Path) -> list[SavedLog]:
    """The logs in a backup, each led to its checkpoint by its rows; ``url`` is where it shall be restored to.

    Raises ConfigError where the file is no backup for that kind of database, and as :func:`back_up`.
    """
    return _kind_of(parse_url(url), file)(file)


@contextmanager
def loading(url: str, file: Path) -> Iterator[str]:
    """Load a backup into the database at ``url``, which must be empty; yields the URL to go on with for the block.

    Until the block has ended nobody else can open the database, and if it fails, the database is empty again. Raises
    ConfigError where the database is not empty, DatabaseError.
    """
    parsed = parse_url(url)
    _kind_of(parsed, file)
    load = sqlite.loading if engines.is_sqlite(parsed) else postgres.loading
    with load(parsed, file) as place:
        yield place.render_as_string(hide_password=False)


def _kind_of(url: URL, file: Path) -> Callable[[Path], list[SavedLog]]:
    """The check of a backup, which must be one of the kind of database that ``url`` names."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(16)
    except OSError as error:
        raise ConfigError(f"'{file}' cannot be read: {error.strerror}.", remedy="Check the path.") from None
    found = {sqlite.BEGINS: "SQLite", postgres.BEGINS: "PostgreSQL"}
    kind = next((name for magic, name in found.items() if begin.startswith(magic)), None)
    if kind is None:
        raise ConfigError(f"'{file}' is no backup.", remedy="Give a file that 'crowdledger db backup' wrote.")
    if (kind == "SQLite") != engines.is_sqlite(url):
        raise ConfigError(
            f"'{file}' is a backup of {kind}, which the configured database is not.",
            remedy="Restore it into a database of its own kind: set database_url.",
        )
    return sqlite.check if kind == "SQLite" else postgres.check
