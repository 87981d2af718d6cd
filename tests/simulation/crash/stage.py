"""A server, its clients and the database between them: SQLite's file, or PostgreSQL behind a tapped wire."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from ledger.tree.keys import LogSigner
from tests.simulation.crash.crowd import Crowd
from tests.simulation.crash.serving import ORIGIN, Server, serving
from tests.simulation.crash.wire_tap import WireTap, tapped
from tests.simulation.crash.witness import Witness, check_stored


@dataclass
class Stage:
    """What a test of crashes needs. The tap is there on PostgreSQL only, and where it was wanted."""

    database_url: str
    server: Server
    crowd: Crowd
    witness: Witness
    tap: WireTap | None
    signer: LogSigner

    def kill_at(self, step: int | str) -> None:
        """The server dies at this step of the writes from now on."""
        if self.tap is None:
            self.server.kill_at(step)
        else:
            self.tap.kill_at(self.server, step)

    def spare(self) -> None:
        """The server is not killed any more."""
        self.server.spare()
        if self.tap is not None:
            self.tap.spare()

    def steps(self) -> list[str]:
        """What was reached since ``kill_at``."""
        return self.server.steps() if self.tap is None else self.tap.steps

    async def come_back(self, *, stored: bool = True) -> int:
        """Start the dead server again, prove that nothing is lost, and that what was open can be sent again.

        Returns the log's size. ``stored`` reads the whole database too.
        """
        await self.server.died()
        self.spare()
        await self.server.start()
        if stored:
            await check_stored(self.database_url)
        return await self.finish()

    async def finish(self) -> int:
        """What was answered is there; what was not is sent again, and every entry then is one request's."""
        await self.witness.check(self.server.url)
        await self.crowd.settle()
        size = await self.witness.check(self.server.url)
        assert size == 1 + len(self.witness.answers), "an entry that nobody sent, or one that was written twice"
        return size


@contextlib.asynccontextmanager
async def staged(
    database_url: str,
    folder: Path,
    prepare: Callable[[Server], None] = lambda _: None,
    *,
    tap: bool = True,
    **settings: str,
) -> AsyncIterator[Stage]:
    """A served log with a platform and a campaign in it; ``prepare`` is called with the server before its start."""
    signer = LogSigner.generate(ORIGIN)
    witness = Witness(signer.verifier_key)
    async with contextlib.AsyncExitStack() as stack:
        wire = await stack.enter_async_context(tapped(database_url)) if tap and not is_sqlite(database_url) else None
        server = Server(folder / "server", database_url if wire is None else wire.url, signer, **settings)
        prepare(server)
        await stack.enter_async_context(serving(server))
        crowd = Crowd(server.url, witness)
        stack.push_async_callback(crowd.close)
        await crowd.open()
        yield Stage(database_url, server, crowd, witness, wire, signer)


@contextlib.asynccontextmanager
async def locked(database_url: str) -> AsyncIterator[None]:
    """For the block somebody else holds the log's head: nothing is written, requests queue up."""
    if is_sqlite(database_url):
        with contextlib.closing(sqlite3.connect(sqlite_file(database_url), isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
            file.execute("ROLLBACK")
        return
    connection = await asyncpg.connect(plain(database_url))
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM logs WHERE name = 'main' FOR UPDATE")
            yield
    finally:
        await connection.close()


def is_sqlite(database_url: str) -> bool:
    return database_url.startswith("sqlite")


def sqlite_file(database_url: str) -> Path:
    return Path(urlsplit(database_url).path.removeprefix("/"))


def plain(database_url: str) -> str:
    """The URL as the driver takes it."""
    return database_url.replace("postgresql+asyncpg", "postgresql", 1)
