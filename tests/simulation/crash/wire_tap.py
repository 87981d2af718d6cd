"""The wire between a server and PostgreSQL, in the test's hands: every message is a step at which the server may die.

Whatever the product's code looks like, its write is what passes here. A message to the database is a step; of the
messages back only the reply to COMMIT is one, the last thing before the answer: at any other the database is as it is
at the next message to it. Reads go over other connections whenever they like; they are no steps of a write and, unless
a test asks for everything, are not counted: a number is the same step each time. The wire can also be cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from tests.simulation.crash.serving import Server

_SQL = re.compile(rb"(?:BEGIN|COMMIT|ROLLBACK|SELECT|INSERT|UPDATE|DELETE|COPY)\b[^\0;]{0,60}")
_STATEMENT = re.compile(rb"__asyncpg_stmt_\w+__")
_LOCKS_HEAD = b"lock_head"
"""What the connection that writes sends first in every transaction, and prepares before."""
_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class _Line:
    """What is known of one connection: whether it is the writer's, and the statements it has prepared."""

    writes: bool = False
    prepared: dict[bytes, str] = field(default_factory=dict)


class WireTap:
    """A relay on a Unix socket; ``url`` is the database's address through it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._folder = folder
        parts = urlsplit(database_url)
        self._host = parse_qs(parts.query).get("host", [""])[0]
        self._name, self._port = parts.hostname, parts.port or 5432
        login = parts.netloc.rpartition("@")[0]
        netloc = f"{login}@" if login else ""
        self.url = urlunsplit((parts.scheme, netloc, parts.path, urlencode({"host": str(folder)}), ""))
        self.steps: list[str] = []
        self._armed = False
        self._everything = False
        self._target: int | str | None = None
        self._die: Callable[[], None] = lambda: None
        self._down = False
        self._relays: set[asyncio.Task[None]] = set()

    def kill_at(self, server: Server, step: int | str, *, everything: bool = False) -> None:
        """Kill ``server`` at a step from now on, by its number or a part of its name; the step is not passed on.

        ``everything`` counts all connections, not only the writer's.
        """
        self._arm(step, server.kill, everything)

    def break_at(self, step: int | str) -> None:
        """Cut all connections at a step from now on, once; the server lives."""
        self._arm(step, self.cut, everything=False)

    def _arm(self, step: int | str, die: Callable[[], None], everything: bool) -> None:
        self.steps, self._armed, self._target, self._die, self._everything = [], True, step, die, everything

    def spare(self) -> None:
        """Pass everything on again."""
        self._armed = False

    def cut(self) -> None:
        """Break every connection there is."""
        for relay in self._relays:
            relay.cancel()

    def refuse(self, *, down: bool) -> None:
        """The database is gone: connections break and no new one is taken; or it is back."""
        self._down = down
        if down:
            self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self._down:
            writer.transport.abort()
            return
        if self._host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            there = await asyncio.open_connection(self._name, self._port)
        line = _Line()
        relays = {
            asyncio.create_task(self._relay("to", line, reader, there[1])),
            asyncio.create_task(self._relay("from", line, there[0], writer)),
        }
        self._relays |= relays
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)  # one end is gone, so the other goes too
        self._relays -= relays
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        for each in (writer, there[1]):
            each.transport.abort()

    async def _relay(
        self, direction: str, line: _Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        while chunk := await source.read(_CHUNK_BYTES):
            line.writes = line.writes or (direction == "to" and _LOCKS_HEAD in chunk)
            name = _name(chunk, line.prepared)
            if self._armed and (line.writes or self._everything) and self._reach(direction, name):
                self.spare()
                self._die()
                return
            sink.write(chunk)
            await sink.drain()

    def _reach(self, direction: str, name: str) -> bool:
        step = f"{direction} {name}"
        if direction == "from" and not name.startswith("COMMIT"):
            return False
        here = self._target == len(self.steps) or (isinstance(self._target, str) and self._target in step)
        self.steps.append(step)
        return here


def _name(chunk: bytes, prepared: dict[bytes, str]) -> str:
    """The SQL in a chunk, as far as there is any; of a statement that was ``prepared`` before, what it was then."""
    found = (each.decode(errors="replace").replace('"', "") for each in _SQL.findall(chunk))
    sql = "; ".join(" ".join(each.split()) for each in found)
    called = _STATEMENT.search(chunk)
    if called is None:
        return sql or "..."
    return prepared.setdefault(called[0], sql) or "..."


@contextlib.asynccontextmanager
async def tapped(database_url: str) -> AsyncIterator[WireTap]:
    """A relay to the database for the block."""
    folder = Path(tempfile.mkdtemp(prefix="crowdledger-tap-"))  # a socket's path must be short
    tap = WireTap(database_url, folder)
    server = await asyncio.start_unix_server(tap.serve, folder / ".s.PGSQL.5432")
    try:
        yield tap
    finally:
        tap.refuse(down=True)
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
