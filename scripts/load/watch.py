"""The memory of processes over time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from scripts.bench.capacity import BOOK_BYTES
from scripts.bench.processes import memory
from scripts.soak.processes import Process

_EVERY_SECONDS: Final = 1.0
_PARTS: Final = 6
_BETWEEN: Final = 4 / 6
"""Of the time, from the middle of the second part to the middle of the last one."""
WORKER: Final = "worker"
GROWTH: Final = 1.1
"""What the memory may be at the end, against the start."""
SLACK_BYTES: Final = 4 * 2**20
"""What an allocator keeps more or less of from one moment to the next."""


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of one process: medians of the second, a middle and the last sixth of the time (the first one warms up)."""

    start: int
    middle: int
    end: int
    book: int = 0
    """What the entries of that time take in the book of a worker, as docs/capacity.md counts on."""

    @property
    def is_flat(self) -> bool:
        """Whether it does not grow, the book not left out."""
        return self.end <= self.start * GROWTH + SLACK_BYTES


@dataclass
class Watch:
    """Call ``look`` again and again; a process that was started anew begins anew."""

    processes: Sequence[Process]
    _seen: dict[str, list[int]] = field(default_factory=dict)
    _next: float = 0.0

    def look(self) -> None:
        """Note what each process holds, once a second."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        for process in self.processes:
            with suppress(FileNotFoundError, RuntimeError):  # it ends right now
                if process.pid is not None:
                    self._seen.setdefault(f"{process.name} {process.lives}", []).append(memory(process.pid))

    def held(self, entries: int) -> Mapping[str, Held]:
        """By process, of those that lived all the time, in which the log has grown by so many entries."""
        most = max(map(len, self._seen.values()), default=0)
        lived = {name.rpartition(" ")[0]: _held(seen) for name, seen in self._seen.items() if len(seen) > most * 0.9}
        book = round(entries * BOOK_BYTES * _BETWEEN)
        return {name: replace(each, book=book if name.startswith(WORKER) else 0) for name, each in lived.items()}


def _held(seen: list[int]) -> Held:
    part = max(1, len(seen) // _PARTS)
    begin, middle = min(part, len(seen) - 1), len(seen) // 2
    parts = seen[begin : begin + part], seen[middle : middle + part], seen[-part:]
    return Held(*(round(statistics.median(each)) for each in parts))
