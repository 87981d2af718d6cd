"""Virtual time, chance and faults of one run: everything that happens follows from the seed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from ledger.errors import CrowdLedgerError

_HOT = 0.2
START_MS = 1_790_000_000_000


class BrokenProperty(AssertionError):
    """What must always hold did not."""


class Killed(BaseException):
    """Raised where code of a worker that was killed calls on: a dead process does nothing."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Yielded at a point where chance strikes; the scheduler says how. ``error`` is how the call would fail."""

    point: str
    error: type[CrowdLedgerError]

    def __await__(self) -> Generator[Trouble, None, None]:
        yield self


@dataclass(frozen=True, slots=True)
class Sleep:
    """Yielded to let time pass."""

    milliseconds: int

    def __await__(self) -> Generator[Sleep, None, None]:
        yield self


@dataclass(slots=True)
class Life:
    """One process of a worker."""

    name: str
    dead: bool = False


@dataclass(slots=True)
class World:
    """The clock, the dice and the timers of a run."""

    seed: int
    rng: Random
    now_ms: int = START_MS
    gap: float = 25.0
    """Calls between two troubles, on average."""
    hot: str = ""
    """A point at which trouble comes more often in this run."""
    quiet: bool = False
    """Whether the faults are over."""
    trace: Callable[[str], None] | None = None
    calls: int = 0
    _until: int = 1
    _timers: list[tuple[int, int, Callable[[], object]]] = field(default_factory=list)
    _count: int = 0

    def say(self, words: str) -> None:
        """A line of the trace, where one is wanted."""
        if self.trace is not None:
            self.trace(f"{(self.now_ms - START_MS) / 1000:9.2f}  {words}")

    def at(self, milliseconds: int, what: Callable[[], object]) -> None:
        """Do something so many milliseconds from now."""
        self._count += 1
        heappush(self._timers, (self.now_ms + milliseconds, self._count, what))

    def advance(self, milliseconds: int) -> None:
        """Let time pass; what falls due happens in its order."""
        until = self.now_ms + milliseconds
        while self._timers and self._timers[0][0] <= until:
            self.now_ms, _, what = heappop(self._timers)
            what()
        self.now_ms = until

    def pass_by(self, milliseconds: int) -> None:
        """The time that a call takes."""
        self.calls += 1
        if self._timers and self._timers[0][0] <= self.now_ms + milliseconds:
            self.advance(milliseconds)
        else:
            self.now_ms += milliseconds

    def strikes(self, point: str) -> bool:
        """Whether chance strikes at this call."""
        self._until -= 1
        if self.quiet:
            return False
        if point == self.hot and self.rng.random() < _HOT:
            return True
        if self._until > 0:
            return False
        self._until = 1 + int(self.rng.expovariate(1 / self.gap))
        return True

    def chance(self, probability: float) -> bool:
        """Whether a fault of this probability happens; none does once all is quiet."""
        return not self.quiet and self.rng.random() < probability


class Port:
    """What stands between one process and the world: every call may fail, hang or be the last one."""

    error: type[CrowdLedgerError]
    takes_ms = 5

    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life

    async def _point(self, name: str) -> None:
        """Stand before or behind an effect."""
        if self._life.dead:
            raise Killed(name)
        world = self._world
        world.pass_by(self.takes_ms)
        if world.strikes(name):
            await Trouble(name, self.error)
