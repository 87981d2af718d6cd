"""The load's client, in a process of its own: it sends the mix at a rate of its own, whatever the service does.

Arrivals are open-loop (a Poisson process): a slow reply holds up no later request, and a request's time counts from
when it was due, not from when it was sent.
"""

from __future__ import annotations

import asyncio
import random
import time
from array import array
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from scripts.load.crowd import CONTRIBUTION, KINDS, Acknowledged, Crowd
from scripts.load.lines import LineError, Lines
from scripts.load.listening import Listener
from scripts.load.place import Place

EVENT: Final = "event in a stream"
"""From the reply that acknowledged a contribution to its event."""
LISTENERS: Final = 3
GOOD: Final = frozenset({200, 201})
_PASSING: Final = frozenset({429, 503})
_AGAIN_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.005
_FIRST_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 2_000
_TOLD_AT: Final = 50_000
_WORDS: Final = 160


@dataclass(frozen=True, slots=True)
class Phase:
    """``closed``: ``connections`` ask again at once, for ``seconds``. ``idle``: ``samples`` of each kind, one after the
    other. ``open``: ``rate`` requests a second arrive for ``seconds``.

    ``patience``: so long a request is sent again after an error that passes; with 0 every error counts.
    """

    kind: Literal["closed", "idle", "open"]
    seconds: float = 0.0
    connections: int = 0
    samples: int = 0
    rate: float = 0.0
    patience: float = 0.0


@dataclass
class Measured:
    """What came of a phase. Times are seconds."""

    seconds: float = 0.0
    took: dict[str, array[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)
    """Requests that were sent again, by why."""
    most_at_once: int = 0
    processor_seconds: float = 0.0
    """Of the client."""

    @property
    def requests(self) -> int:
        """Those that were answered well; an event is none."""
        return sum(len(took) for kind, took in self.took.items() if kind != EVENT)

    def join(self, other: Measured) -> None:
        """Take what another phase of the same kind measured as measured in this one."""
        for kind, took in other.took.items():
            self.took.setdefault(kind, array("d")).extend(took)
        self.errors += other.errors
        self.again += other.again
        self.seconds += other.seconds

    def add(self, kind: str, seconds: float) -> None:
        """A request took so long."""
        self.took.setdefault(kind, array("d")).append(seconds)


class Client:
    """Carries out phases; what it knows of the log stays from one to the next.

    ``folder`` gets ``acknowledged.jsonl``: the receipts of every ``kept``-th entry that was acknowledged.
    """

    def __init__(self, place: Place, seed: int, folder: Path, kept: int) -> None:
        self._place = place
        self._dice = random.Random(seed)
        self._file = folder / "acknowledged.jsonl"
        self._kept = kept
        self._crowd = Crowd(place, self._dice, self._acknowledged)
        self._ids: dict[int, str] = {}
        self._told_at: OrderedDict[int, float] = OrderedDict()
        self._lines_of_file: list[bytes] = []
        self._measured = Measured()
        self._lines: Lines
        self._at_once = 0

    async def __call__(self, phase: Phase) -> Measured:
        """Carry out a phase."""
        self._measured = found = Measured()
        self._lines = Lines(self._place.ports)
        listeners = [
            Listener(self._place, number, self._heard if not number else _ignored) for number in range(LISTENERS)
        ]
        listening = [asyncio.create_task(each.run()) for each in listeners]
        await asyncio.sleep(_FIRST_SECONDS)
        started, used = time.perf_counter(), time.process_time()
        try:
            match phase.kind:
                case "closed":
                    await self._closed(phase)
                case "idle":
                    await self._idle(phase)
                case "open":
                    await self._open(phase)
            found.seconds = time.perf_counter() - started
            found.processor_seconds = time.process_time() - used
            await asyncio.sleep(_FIRST_SECONDS)  # the last events
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
            self._lines.close()
            self._write()
        for each in listeners:
            found.errors.update(f"{EVENT}: {wrong}" for wrong in each.wrong)
            if not each.events and not phase.patience:
                found.errors[f"{EVENT}: a stream stayed empty"] += 1
        return found

    # ---- phases ----

    async def _closed(self, phase: Phase) -> None:
        end = time.perf_counter() + phase.seconds

        async def work() -> None:
            while time.perf_counter() < end:
                await self._one(self._any(), time.perf_counter(), phase.patience)

        await asyncio.gather(*(work() for _ in range(phase.connections)))

    async def _idle(self, phase: Phase) -> None:
        for kind in KINDS:
            for _ in range(phase.samples):
                due = time.perf_counter() + _PAUSE_SECONDS
                await asyncio.sleep(_PAUSE_SECONDS)
                await self._one(kind, due, phase.patience)

    async def _open(self, phase: Phase) -> None:
        under_way: set[asyncio.Task[None]] = set()
        due = time.perf_counter()
        end = due + phase.seconds
        while (due := due + self._dice.expovariate(phase.rate)) < end:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._at_once > _MOST_AT_ONCE:
                raise RuntimeError(f"The service does not keep up: {self._at_once} requests wait for their replies.")
            task = asyncio.create_task(self._one(self._any(), due, phase.patience))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    def _any(self) -> str:
        return self._dice.choices(_NAMES, _SHARES)[0]

    # ---- a request ----

    async def _one(self, kind: str, due: float, patience: float) -> None:
        self._at_once += 1
        self._measured.most_at_once = max(self._at_once, self._measured.most_at_once)
        try:
            await self._answered(kind, due, patience)
        finally:
            self._at_once -= 1

    async def _answered(self, kind: str, due: float, patience: float) -> None:
        kind, asked = self._crowd.ask(kind)
        pause = _AGAIN_SECONDS
        while True:
            try:
                status, body = await self._lines.ask(asked.request)
            except LineError as error:
                passes, words = True, str(error)
            else:
                if status in GOOD:
                    self._measured.add(kind, time.perf_counter() - due)
                    self._take(kind, asked.told, body)
                    return
                passes, words = status in _PASSING, f"{status} {body[:_WORDS].decode(errors='replace')}"
            if not passes or time.perf_counter() - due > patience:
                self._measured.errors[f"{kind}: {words}"] += 1
                return
            self._measured.again[words.split(" ")[0]] += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _take(self, kind: str, told: Any, body: bytes) -> None:
        try:
            told(body)
        except (KeyError, ValueError) as error:
            words = f"{type(error).__name__} {error} in {body[:_WORDS].decode(errors='replace')}"
            self._measured.errors[f"{kind}: {words}"] += 1

    # ---- what is acknowledged ----

    def _acknowledged(self, entry: Acknowledged) -> None:
        first = self._ids.setdefault(entry.index, entry.id)
        if first != entry.id:
            self._measured.errors[f"{CONTRIBUTION}: index {entry.index} was given to {first} and to {entry.id}"] += 1
        if entry.index % self._kept == 0:
            self._lines_of_file.append(orjson.dumps({"index": entry.index, "receipt": entry.receipt}))
            if len(self._lines_of_file) >= 1000:
                self._write()
        self._told_at[entry.index] = time.perf_counter()
        if len(self._told_at) > _TOLD_AT:
            self._told_at.popitem(last=False)

    def _write(self) -> None:
        with self._file.open("ab") as file:
            file.writelines(line + b"\n" for line in self._lines_of_file)
        self._lines_of_file.clear()

    def _heard(self, event: dict[str, Any]) -> None:
        told = self._told_at.pop(event["data"].get("entry"), None)
        if told is not None:
            self._measured.add(EVENT, time.perf_counter() - told)


_NAMES: Final = list(KINDS)
_SHARES: Final = [kind.share for kind in KINDS.values()]


def _ignored(_: dict[str, Any]) -> None:
    pass
