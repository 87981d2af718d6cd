"""The worker in a process of its own that is struck between any two of its steps: killed, or stopped for a while.

Whoever starts it puts an order into a folder. The process is struck once before and once after each kind of step that
the order speaks of, and writes down which: so the next life, or the other worker of the folder, comes one further.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import update

from ledger.db import tables
from ledger.demo.stage import private_file
from ledger.worker import main as worker
from ledger.worker.ports import Attempt
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.log import WriterLog
from ledger.worker.real.rows import DatabaseRows
from tests.integration.worker.conftest import KEYS, World

ORDER, STRUCK = "order", "struck"
EVERY = " "
"""A part of each point's name."""
_PATIENCE_SECONDS = 60.0
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "tests.integration.worker.points"])

WRITES = (
    "save_costs", "replace_loose_anchors", "move_cursor", "answer", "note_claims", "save_settlement", "note_proposed",
    "note_proposed_in", "end_settlement", "report", "tell",
)  # fmt: skip


# ---- in the worker's process ----


def run(folder: str, environment: dict[str, str], name: str) -> None:
    """``crowdledger worker`` under ``environment``; what it says goes to the file ``name``.log of ``folder``."""
    log = os.open(Path(folder) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for setting in [each for each in os.environ if each.startswith("CROWDLEDGER_")]:
        del os.environ[setting]
    os.environ.update(environment)
    _watch(Points(Path(folder)))
    worker.main()


class Points:
    """``order`` holds a signal's number and parts of the names of the points where the process sends it to itself."""

    def __init__(self, folder: Path) -> None:
        self._order, self._struck = folder / ORDER, folder / STRUCK

    def reach(self, point: str) -> None:
        """The process is there now."""
        try:
            number, *parts = self._order.read_text().splitlines()
        except FileNotFoundError:
            return
        struck = self._struck.read_text().splitlines() if self._struck.exists() else []
        if point in struck or not any(part in point for part in parts):
            return
        with self._struck.open("a") as file:
            file.write(point + "\n")
        os.kill(os.getpid(), int(number))


def _watch(points: Points) -> None:
    """Each kind of write, by what tells it from others; the steps of a transaction by what it is for."""

    def watch(owner: Any, name: str, what: Callable[..., str] = lambda *_: "") -> None:
        real = getattr(owner, name)

        @functools.wraps(real)
        async def step(*args: Any, **values: Any) -> Any:
            kind = f"{name} {what(*args)}".strip()
            points.reach(f"before {kind}")
            result = await real(*args, **values)
            points.reach(f"after {kind}")
            return result

        setattr(owner, name, step)  # in this process only

    for name in WRITES:
        watch(DatabaseRows, name)
    watch(DatabaseRows, "save_attempt", lambda _self, attempt: _kind(attempt))
    watch(DatabaseRows, "set_attempts", lambda _self, changed: _states(changed))
    watch(DatabaseRows, "set_claims", lambda _self, _requests, state: state)
    watch(WriterLog, "record", lambda _self, statement, _fence: type(statement).__name__)
    watch(NodesChain, "broadcast")


def _kind(attempt: Attempt) -> str:
    return attempt.intent.partition(":")[0]


def _states(changed: list[Attempt]) -> str:
    return f"{_kind(changed[0])} {changed[0].state}" if changed else ""


# ---- in the test's process ----


class Victim:
    """One worker of a world, with as many lives as it is given. Two of one ``folder`` share its order."""

    def __init__(self, world: World, folder: Path, name: str = "worker", **settings: object) -> None:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.log").touch()
        config = world.config
        keys = {role: private_file(folder / role, KEYS[role].encode()) for role in ("operator", "reporter", "relayer")}
        values: dict[str, object] = {
            "database_url_file": private_file(folder / "database.url", config.database_url.encode()),
            "origin": config.origin,
            "log_key_file": config.log_key_file,
            "rpc_urls": ",".join(config.rpc_urls),
            "deployment_file": config.deployment_file,
            "anchor_interval_seconds": 0,
            "settle_automatically": "false",
            "worker_interval_seconds": 0.05,
            "lease_seconds": 1,
            **{f"{role}_signer": f"file:{path}" for role, path in keys.items()},
        }
        self._environment = {f"CROWDLEDGER_{key.upper()}": str(value) for key, value in (values | settings).items()}
        self._folder, self._name = folder, name
        self._process: ForkServerProcess | None = None
        self.lives = 0

    def start(self) -> None:
        """Give it a life."""
        self._process = _FORKS.Process(target=run, args=(str(self._folder), self._environment, self._name))
        self._process.start()
        self.lives += 1

    @property
    def is_alive(self) -> bool:
        """Whether it runs, stopped or not."""
        return self._process is not None and self._process.is_alive()

    @property
    def is_stopped(self) -> bool:
        """Whether SIGSTOP keeps it."""
        if not self.is_alive:
            return False
        assert self._process is not None
        state = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def go_on(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and its end."""
        if self._process is not None:
            self._process.kill()
            self._process.join(_PATIENCE_SECONDS)

    def require_killed(self) -> None:
        """Its last life ended by a strike."""
        assert self._process is not None
        assert self._process.exitcode == -signal.SIGKILL, (self._process.exitcode, self.log())

    def log(self) -> str:
        """What it has said in all its lives."""
        return (self._folder / f"{self._name}.log").read_text()


def strike(folder: Path, number: int, *parts: str) -> None:
    """Whatever worker of ``folder`` comes to a point with one of these in its name is sent the signal there, once."""
    folder.mkdir(exist_ok=True)
    new = folder / f"{ORDER}.new"
    new.write_text("\n".join([str(number), *parts]))
    new.replace(folder / ORDER)


def spare(folder: Path) -> None:
    """No strikes any more."""
    (folder / ORDER).unlink(missing_ok=True)


def struck(folder: Path) -> list[str]:
    """The points at which a worker was struck, in order."""
    file = folder / STRUCK
    return file.read_text().splitlines() if file.exists() else []


@contextlib.contextmanager
def ending(*victims: Victim) -> Iterator[None]:
    """None of them outlives the block."""
    try:
        yield
    finally:
        for each in victims:
            each.kill()


async def lease_runs_out(world: World) -> None:
    """As if its time had passed."""
    async with world.database.begin() as connection:
        await connection.execute(update(tables.leases).values(expires_at=0))


async def pause(world: World) -> None:
    """A moment for the workers, and a block."""
    await asyncio.to_thread(world.node.request, "evm_mine")
    await asyncio.sleep(0.05)
