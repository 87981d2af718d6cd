"""Inside the served process: it dies by SIGKILL between two steps of a write, and its clock can be moved.

The product is untouched. What is patched, in this process only, are the edges to the world: the connections of
``sqlite3`` say which statement they are about to run, the server says when it is about to answer, ``time.time_ns`` may
be off. A folder of small files says when to die (see ``Switches``).
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import api.app  # noqa: F401 - read once, before the processes that serve are forked
import ledger.cli.serve
from ledger.db import engines

KILL_AT: Final = "kill-at"
STEPS: Final = "steps"
CLOCK_OFFSET: Final = "clock-offset-ms"
BUSY_TIMEOUT: Final = "busy-timeout-ms"
ANSWER: Final = "answer"
_WRITES: Final = ("INSERT", "UPDATE", "DELETE")
_WORDS_OF_A_NAME: Final = 3


def run(folder: str, environment: dict[str, str], port: int) -> None:
    """``crowdledger serve --no-worker`` under ``environment``, with everything it says in ``folder``/server.log."""
    log = os.open(Path(folder) / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.register(signal.SIGUSR1)  # says where it is, if it does not answer
    for name in [each for each in os.environ if each.startswith("CROWDLEDGER_")]:
        del os.environ[name]
    os.environ.update(environment)
    os.chdir(folder)
    seams = Seams(Path(folder))
    _watch_sqlite(seams)
    _watch_answers(seams)
    _move_clock(Path(folder) / CLOCK_OFFSET)
    _shorten_busy_timeout(Path(folder) / BUSY_TIMEOUT)
    sys.argv = ["crowdledger", "serve", "--no-worker", "--port", str(port)]
    ledger.cli.main()


class Seams:
    """Counts the steps of the writes since the file ``kill-at`` was written, and dies before the one it names.

    The file holds a token of the test's and the number of a step, or a part of its name. What is reached is written to
    the file ``steps``, a line each.
    """

    def __init__(self, folder: Path) -> None:
        self._order = folder / KILL_AT
        self._steps = folder / STEPS
        self._token = ""
        self._target = ""
        self._count = 0

    def look(self) -> None:
        """Read the file: a new token starts a new count."""
        try:
            token, _, target = self._order.read_text().partition(" ")
        except FileNotFoundError:
            token, target = "", ""
        if token != self._token:
            self._token, self._target, self._count = token, target, 0

    def reach(self, name: str) -> None:
        """A step is about to be done."""
        if not self._token:
            return
        with self._steps.open("a") as file:
            file.write(name + "\n")
        if self._target == str(self._count) or (not self._target.isdigit() and self._target in name):
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1


class _Answers:
    """ASGI middleware outside of everything: the last step of a write is its answer."""

    def __init__(self, app: ASGIApp, seams: Seams) -> None:
        self._app = app
        self._seams = seams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] == "POST":
                self._seams.reach(ANSWER)
            await send(message)

        await self._app(scope, receive, watched)


def _watch_answers(seams: Seams) -> None:
    load = uvicorn.Config.load

    def watched_load(config: uvicorn.Config) -> None:
        load(config)
        config.loaded_app = _Answers(config.loaded_app, seams)

    uvicorn.Config.load = watched_load  # in this process only


def _watch_sqlite(seams: Seams) -> None:
    """Every statement of a transaction that writes is a step, and any that writes; one run for many rows is one."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.dbapi2.connect

    def watched_connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        last = ""

        def about_to_run(sql: str) -> None:
            nonlocal last
            name = " ".join(sql.replace("INSERT OR ROLLBACK", "INSERT").split()[:_WORDS_OF_A_NAME])
            if name == "BEGIN IMMEDIATE":
                seams.look()
            elif name == last or not (last or name.startswith(_WRITES)):
                return
            last = "" if name in ("COMMIT", "ROLLBACK") else name
            seams.reach(name)

        connection.set_trace_callback(about_to_run)
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = watched_connect  # in this process only


def _move_clock(offset: Path) -> None:
    """``time.time_ns`` is off by as many milliseconds as the file says, if it is there at the start."""
    if not offset.exists():
        return
    real = time.time_ns
    time.time_ns = lambda: real() + int(offset.read_text()) * 1_000_000


def _shorten_busy_timeout(file: Path) -> None:
    """How long SQLite waits for a lock, if the file is there at the start."""
    if file.exists():
        kept = tuple(each for each in engines._PRAGMAS if not each.startswith("busy_timeout"))
        engines._PRAGMAS = (*kept, f"busy_timeout = {file.read_text()}")
        engines.BUSY_TIMEOUT_MS = int(file.read_text())
