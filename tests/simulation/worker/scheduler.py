"""Resumes the workers' coroutines by hand, one at a time, and cuts them off as chance has it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from ledger.errors import CrowdLedgerError
from tests.simulation.worker.world import BrokenProperty, Life, Sleep, Trouble, World

Begin = Callable[[Life], Coroutine[Any, None, None]]
_STALLS_MS = (50, 1_000, 6_000, 20_000, 45_000)
"""How long a process hangs; the longer ones outlive its lease."""


@dataclass(slots=True)
class Process:
    """One worker's process."""

    life: Life
    coroutine: Coroutine[Any, Any, None]


class Scheduler:
    """Runs processes in virtual time; where one was killed another begins."""

    def __init__(self, world: World, begin: Begin) -> None:
        self._world = world
        self._begin = begin
        self._waiting: list[tuple[int, int, Process]] = []
        self._count = 0
        self._born = 0

    def spawn(self, delay_ms: int = 0) -> None:
        """Begin a new process."""
        self._born += 1
        life = Life(f"w{self._born}")
        self._wait(Process(life, self._begin(life)), delay_ms)

    def _wait(self, process: Process, delay_ms: int) -> None:
        self._count += 1
        heappush(self._waiting, (self._world.now_ms + delay_ms, self._count, process))

    def run(self, until_ms: int) -> None:
        """Resume whoever wakes, until that time."""
        world = self._world
        while self._waiting and self._waiting[0][0] <= until_ms:
            wake_ms, _, process = heappop(self._waiting)
            world.advance(max(0, wake_ms - world.now_ms))
            self._resume(process)
        world.advance(max(0, until_ms - world.now_ms))

    def stop(self) -> None:
        """Kill all processes."""
        while self._waiting:
            _, _, process = heappop(self._waiting)
            process.life.dead = True
            process.coroutine.close()  # one that never ran too

    def _resume(self, process: Process) -> None:
        error: CrowdLedgerError | None = None
        while True:
            said = process.coroutine.send(None) if error is None else process.coroutine.throw(error)
            error = None
            if isinstance(said, Sleep):
                self._wait(process, said.milliseconds)
                return
            if not isinstance(said, Trouble):
                raise BrokenProperty(f"The worker awaited {said!r}, which is none of its ports.")
            dice = self._world.rng.random()
            where = f"{process.life.name} at {said.point}"
            if dice < 0.6:
                self._world.say(f"!! {where}: {said.error.__name__}")
                error = said.error(f"{said.point} fails.")
            elif dice < 0.75:
                self._kill(process, where)
                return
            else:
                stall_ms = self._world.rng.choice(_STALLS_MS)
                self._world.say(f"!! {where}: hangs for {stall_ms / 1000} s")
                self._wait(process, stall_ms)
                return

    def _kill(self, process: Process, where: str) -> None:
        self._world.say(f"!! {where}: killed")
        process.life.dead = True
        process.coroutine.close()
        self.spawn(self._world.rng.choice((100, 5_000, 20_000)))
