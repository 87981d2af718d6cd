"""Backups of a PostgreSQL database by its own pg_dump (custom format), loaded by its own pg_restore.

A dump is one snapshot and hinders no writer. While a backup is being loaded, the database has a table ``restoring``,
which keeps everybody else from opening it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import URL

from ledger.db.backup.dumped import Dumped
from ledger.db.backup.files import PART
from ledger.db.backup.heads import SavedLog
from ledger.db.unfinished import UNFINISHED
from ledger.errors import ConfigError, DatabaseError

BEGINS: Final = b"PGDMP"
_DUMP: Final = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments")
_RESTORE: Final = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments")
_LOCK: Final = 0x726573746F  # any number: whoever restores holds it, and the server lets go of it for one that died
_TABLES: Final = "SELECT format('public.%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
_MOST_WORDS: Final = 2_000
_ResultT = TypeVar("_ResultT")


def write(url: URL, part: Path) -> None:
    """Dump the database into the file ``part``. Raises ConfigError, DatabaseError."""
    if _run_sql(url, _is_unfinished):
        raise _unfinished()
    _run("pg_dump", [*_DUMP, f"--file={part}"], url)


def check(file: Path) -> list[SavedLog]:
    """Read a backup as a whole; the logs in it. Raises as ``back_up``."""
    command = [_program("pg_restore", f"--list {file}"), "--data-only", "--file=-", str(file)]
    dumped = Dumped()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        with ThreadPoolExecutor(1) as thread:  # or a full pipe of words would stop both
            words = thread.submit(process.stderr.read)
            dumped.read(process.stdout)
            said = words.result()
    if process.returncode:
        raise DatabaseError(f"'{file}' cannot be read: {_words(said)}", remedy="Take another backup.")
    return dumped.logs()


@contextmanager
def loading(url: URL, file: Path) -> Iterator[URL]:
    """Load the backup; until the block has ended, the database has the table that keeps everybody out."""
    with asyncio.Runner() as loop, closing(_Loading(loop, url)) as load:
        load.begin()
        try:
            _run("pg_restore", [*_RESTORE, "--dbname", str(url.database), str(file)], url)
            yield url
        except BaseException:
            load.undo()
            raise
        load.end()


class _Loading:
    """A connection to the database that is being loaded. Its methods raise DatabaseError."""

    def __init__(self, loop: asyncio.Runner, url: URL) -> None:
        self._loop = loop
        self._connection = self._run(_connected(url))

    def begin(self) -> None:
        """Mark the empty database. Raises ConfigError where it is not empty, or somebody else is at it."""
        self._run(_begin(self._connection))

    def undo(self) -> None:
        """Empty the database again."""
        self._run(_empty(self._connection))

    def end(self) -> None:
        """Let everybody in."""
        self._run(self._connection.execute(f"DROP TABLE {UNFINISHED}"))

    def close(self) -> None:
        """Close the connection."""
        self._run(self._connection.close())

    def _run(self, doing: Coroutine[Any, Any, _ResultT]) -> _ResultT:
        with _named():
            return self._loop.run(doing)


async def _connected(url: URL) -> asyncpg.Connection:
    return await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


async def _begin(connection: asyncpg.Connection) -> None:
    """Mark the database. What an earlier restore left that did not end is removed: everything is of that restore."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise ConfigError("Somebody is restoring into this database.", remedy="Wait for that restore to end.")
    if await _is_unfinished(connection):
        await _empty(connection)
    found = await connection.fetchval(f"SELECT count(*) FROM ({_TABLES}) AS found")  # noqa: S608 - our own words
    if found:
        raise ConfigError(
            f"The configured database is not empty: it has {found} tables.",
            remedy="Nothing was changed. Make a new, empty database, and set database_url to it.",
        )
    await connection.execute(f"CREATE TABLE {UNFINISHED} (since timestamptz NOT NULL DEFAULT now())")


async def _empty(connection: asyncpg.Connection) -> None:
    """Take away what this restore, or one that died, has loaded into the empty database; the mark goes last."""
    async with connection.transaction():
        for (table,) in await connection.fetch(_TABLES):
            await connection.execute(f"DROP TABLE {table} CASCADE")


async def _is_unfinished(connection: asyncpg.Connection) -> bool:
    return await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", UNFINISHED) is True


def _unfinished() -> ConfigError:
    return ConfigError("A restore into this database has not ended.", remedy="Run 'crowdledger db restore' again.")


def _run_sql(url: URL, ask: Callable[[asyncpg.Connection], Awaitable[_ResultT]]) -> _ResultT:
    async def once() -> _ResultT:
        connection = await _connected(url)
        try:
            return await ask(connection)
        finally:
            await connection.close()

    with _named():
        return asyncio.run(once())


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseError(f"The database refused: {error}.", remedy="Check the database URL and rights.") from error


def _run(program: str, arguments: list[str], url: URL) -> None:
    place = url.set(drivername="postgresql", password=None).render_as_string()
    by_hand = " ".join(arguments).replace(PART, "")
    command = [_program(program, f"{by_hand} '{place}'" if program == "pg_dump" else by_hand), *arguments]
    done = subprocess.run(command, env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise DatabaseError(
            f"{program} failed: {_words(done.stderr)}",
            remedy="Where it names versions: put the programs of the server's own version first in PATH.",
        )


def _program(name: str, arguments: str) -> str:
    """Where a program of PostgreSQL is. Raises ConfigError with what to run where it is nowhere."""
    found = shutil.which(name)
    if found is None:
        raise ConfigError(
            f"There is no {name} in PATH.",
            remedy=f"Install PostgreSQL's client programs, or run where they are: {name} {arguments}",
        )
    return found


def _environment(url: URL) -> dict[str, str]:
    """How PostgreSQL's programs are told where the database is: in arguments everybody could read the password."""
    query = {name: ",".join([value] if isinstance(value, str) else value) for name, value in url.query.items()}
    told = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
    }
    return dict(os.environ) | {name: value for name, value in told.items() if value}


def _words(said: bytes) -> str:
    return said.decode(errors="replace").strip()[:_MOST_WORDS]
