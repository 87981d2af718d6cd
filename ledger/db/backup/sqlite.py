"""Backups of a SQLite file, by SQLite's online backup in one step: pages of one moment, read beside the writer.

``VACUUM INTO`` gives the same for twice the processor time; the backup in several steps begins anew whenever another
process has written, and would never end under load (measured: docs/backup.md).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL

from ledger.db.backup.files import new_file
from ledger.db.backup.heads import SavedLog, saved_log
from ledger.errors import ConfigError, DatabaseError

BEGINS: Final = b"SQLite format 3\0"
_BUSY_SECONDS: Final = 30.0
_LOGS: Final = """
SELECT name, origin, vkey, size, compact, note, (SELECT COUNT(*) FROM entries WHERE log = name)
FROM logs ORDER BY name"""


def write(url: URL, part: Path) -> None:
    """Copy the database into the empty file ``part``. Raises ConfigError, DatabaseError."""
    file = Path(str(url.database))
    if not file.is_file():
        raise ConfigError(f"There is no database {file}.", remedy="Check database_url.")
    with _named(file), closing(_open(file, "rw")) as source, closing(_open(part, "rw")) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file that needs no other beside it


def check(file: Path) -> list[SavedLog]:
    """Read a backup as a whole; the logs in it. Raises as ``back_up``."""
    with _named(file), closing(_open(file, "ro&immutable=1")) as copy:
        (words,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if words != "ok":
            raise DatabaseError(f"'{file}' is damaged: {words}.", remedy="Take another backup.")
        return [saved_log(*row) for row in copy.execute(_LOGS)]


@contextmanager
def loading(url: URL, file: Path) -> Iterator[URL]:
    """The backup in a file beside the database's for the block; at its end it takes the database's name."""
    target = Path(str(url.database))
    for there in (target, target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        if there.exists():
            raise ConfigError(
                f"The configured database is not empty: '{there}' is there.",
                remedy="Nothing was changed. Move what is left of the old database away, all its files.",
            )
    with new_file(target) as part:
        with _named(file), closing(_open(file, "ro&immutable=1")) as source, closing(_open(part, "rw")) as copy:
            source.backup(copy)
        yield url.set(database=str(part))
        with _named(part), closing(_open(part, "rw")) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")  # all is in the one file, which is moved alone


def _open(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(file.absolute()))}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    return connection


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(
            f"'{file}': SQLite says: {error}.", remedy="Check the file, its rights and the disk."
        ) from error
