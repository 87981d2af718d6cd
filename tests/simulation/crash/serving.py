"""Servers that are killed: forked from a process that has everything imported, so that a start takes little."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from ledger.demo.stage import free_port, private_file
from ledger.tree.keys import LogSigner
from tests.simulation.crash import victim

ORIGIN = "crowd.example/crash"
ADMIN_KEY = f"cl_{'ab' * 8}_{'cd' * 32}"
_PATIENCE_SECONDS = 90.0
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "tests.simulation.crash.victim"])


class Server:
    """``crowdledger serve`` in a process of its own, on one port for all its lives."""

    def __init__(self, folder: Path, database_url: str, signer: LogSigner, **settings: str) -> None:
        """``settings`` are more of the service's, by their names."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "server.log").touch()
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.deaths = 0
        self.environment = {
            "CROWDLEDGER_DATABASE_URL_FILE": str(private_file(folder / "database.url", database_url.encode())),
            "CROWDLEDGER_ORIGIN": ORIGIN,
            "CROWDLEDGER_LOG_KEY_FILE": str(private_file(folder / "log.pem", signer.to_pem())),
            "CROWDLEDGER_ADMIN_KEY_FILE": str(private_file(folder / "admin.key", ADMIN_KEY.encode())),
        } | {f"CROWDLEDGER_{name.upper()}": value for name, value in settings.items()}
        self._process: ForkServerProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def log(self) -> str:
        """What the server has said."""
        return (self.folder / "server.log").read_text()

    def begin(self) -> None:
        """Start it, without waiting."""
        self._process = _FORKS.Process(target=victim.run, args=(str(self.folder), self.environment, self.port))
        self._process.start()

    async def start(self) -> None:
        """Start it and wait until it takes writes."""
        self.begin()
        await self.ready()

    async def ready(self) -> None:
        """Wait until it takes writes."""
        deadline, last = time.monotonic() + _PATIENCE_SECONDS, ""
        async with httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    reply = await http.get(f"{self.url}/ready")
                except httpx.HTTPError as error:
                    last = repr(error)
                else:
                    if reply.status_code == 200:
                        return
                    last = reply.text
                assert self.lives, self.log()
                if time.monotonic() > deadline:
                    raise AssertionError(f"{last}\n{await self.stuck()}")
                await asyncio.sleep(0.02)

    async def stuck(self) -> str:
        """What the server has said, and where its threads are."""
        os.kill(self.pid, signal.SIGUSR1)
        await asyncio.sleep(1)
        return self.log()

    def kill(self) -> None:
        """SIGKILL, as if the power went; the process may be dead already."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def died(self) -> None:
        """Wait for the end of a process that was killed."""
        assert self._process is not None
        await asyncio.to_thread(self._process.join, _PATIENCE_SECONDS)
        assert self._process.exitcode == -signal.SIGKILL, (self._process.exitcode, self.log())
        self.deaths += 1

    async def restart(self) -> None:
        """What a power cut and the machine's next start do."""
        self.kill()
        await self.died()
        await self.start()

    async def stop(self) -> None:
        """End it softly if it lives."""
        if self._process is None:
            return
        self._process.terminate()
        await asyncio.to_thread(self._process.join, _PATIENCE_SECONDS)
        self._process.kill()

    # What the process reads from its folder

    def kill_at(self, step: int | str) -> None:
        """Die at a step of the writes from now on, by its number or a part of its name."""
        (self.folder / victim.STEPS).unlink(missing_ok=True)
        self._tell(victim.KILL_AT, f"{secrets.token_hex(4)} {step}")

    def spare(self) -> None:
        """Do not die any more."""
        (self.folder / victim.KILL_AT).unlink(missing_ok=True)

    def steps(self) -> list[str]:
        """The steps that were reached since ``kill_at``."""
        file = self.folder / victim.STEPS
        return file.read_text().splitlines() if file.exists() else []

    def set_clock(self, offset_ms: int) -> None:
        """Move its clock; to be called once before it starts."""
        self._tell(victim.CLOCK_OFFSET, str(offset_ms))

    def set_busy_timeout(self, milliseconds: int) -> None:
        """How long it waits for SQLite's lock; before it starts."""
        self._tell(victim.BUSY_TIMEOUT, str(milliseconds))

    def _tell(self, name: str, text: str) -> None:
        new = self.folder / f"{name}.new"
        new.write_text(text)
        new.replace(self.folder / name)  # never half written where it is read


async def until(holds: Callable[[], bool], *servers: Server) -> None:
    """Wait for a condition, while the servers live."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        if holds():
            return
        for server in servers:
            assert server.lives, server.log()
        assert time.monotonic() < deadline, [server.log() for server in servers]
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    """The server runs for the block, whatever happens to it there."""
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
