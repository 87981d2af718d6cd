"""Deadlines in the order (time, entry that set them), at a constant cost each.

Deadlines of one kind in one campaign are set in the order in which they fall, so each kind is a queue; a heap orders
the queues' heads.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush, heapreplace
from typing import NamedTuple

import msgspec

from ledger.book.contributions import Contribution

Line = tuple[str, str]
"""Kind, and what it is a kind of deadline of: all deadlines of a line are set in ascending order of time."""


class Deadline(NamedTuple):
    """Something that happens when the clock is beyond ``at_ms``; ``entry`` set it."""

    at_ms: int
    entry: int
    line: Line
    subject: Contribution | str


class _Set(msgspec.Struct, gc=False):
    """A deadline in its line's queue: no tuple, of which the garbage collector would see a million."""

    at_ms: int
    entry: int
    subject: Contribution | str


class Deadlines:
    """All deadlines that were set and have not been taken."""

    __slots__ = ("_heads", "_lines")

    def __init__(self) -> None:
        self._lines: dict[Line, deque[_Set]] = {}
        self._heads: list[tuple[int, int, Line]] = []

    def set(self, line: Line, at_ms: int, entry: int, subject: Contribution | str) -> None:
        """Set one; ValueError if its line has a later one."""
        queue = self._lines.get(line)
        if queue is None:
            queue = self._lines[line] = deque()
        if not queue:
            heappush(self._heads, (at_ms, entry, line))
        elif at_ms < queue[-1].at_ms:
            raise ValueError(f"The line {line} has a deadline after {at_ms}.")
        queue.append(_Set(at_ms, entry, subject))

    def first_ms(self) -> int | None:
        """The time of the earliest one."""
        return self._heads[0][0] if self._heads else None

    def first(self) -> Deadline | None:
        """The earliest one."""
        if not self._heads:
            return None
        line = self._heads[0][2]
        head = self._lines[line][0]
        return Deadline(head.at_ms, head.entry, line, head.subject)

    def take(self) -> tuple[int, int, Line, Contribution | str]:
        """Take the earliest one away, as the members of a Deadline. Raises IndexError if there is none."""
        line = self._heads[0][2]
        queue = self._lines[line]
        taken = queue.popleft()
        if queue:
            head = queue[0]
            heapreplace(self._heads, (head.at_ms, head.entry, line))
        else:
            heappop(self._heads)
        return taken.at_ms, taken.entry, line, taken.subject
