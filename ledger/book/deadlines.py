"""Deadlines in the order (time, entry that set them), at a constant cost each.

Deadlines of one kind in one campaign are set in the order in which they fall, so each kind is a queue, a line; a heap
orders the lines' heads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace

import msgspec

from ledger.book.contributions import Contribution


class Deadline(msgspec.Struct, gc=False):
    """Something that happens when the clock is beyond ``at_ms``; ``entry`` set it.

    No tuple, of which the garbage collector would see a million.
    """

    at_ms: int
    entry: int
    subject: Contribution | str


class Line:
    """Kind, and what it is a kind of deadline of: all deadlines of a line are set in ascending order of time."""

    __slots__ = ("kind", "place", "waiting")

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place
        self.waiting: deque[Deadline] = deque()


class Deadlines:
    """All deadlines that were set and have not been taken."""

    __slots__ = ("_heads", "_lines")

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], Line] = {}
        self._heads: list[tuple[int, int, Line]] = []
        """The first of each line that has any. An entry sets one at most, so no two are equal."""

    def line(self, kind: str, place: str) -> Line:
        """The line of that name, one for ever."""
        line = self._lines.get((kind, place))
        if line is None:
            line = self._lines[kind, place] = Line(kind, place)
        return line

    def set(self, line: Line, at_ms: int, entry: int, subject: Contribution | str) -> None:
        """Set one; ValueError if its line has a later one."""
        waiting = line.waiting
        if not waiting:
            heappush(self._heads, (at_ms, entry, line))
        elif at_ms < waiting[-1].at_ms:
            raise ValueError(f"The line of {line.kind} in '{line.place}' has a deadline after {at_ms}.")
        waiting.append(Deadline(at_ms, entry, subject))

    def first(self) -> tuple[Line, Deadline] | None:
        """The earliest one."""
        if not self._heads:
            return None
        line = self._heads[0][2]
        return line, line.waiting[0]

    def take(self) -> Deadline:
        """Take the earliest one away. Raises IndexError if there is none."""
        line = self._heads[0][2]
        taken = line.waiting.popleft()
        self._next_head(line)
        return taken

    def passed(self, at_ms: int) -> Iterator[tuple[Line, Deadline]]:
        """Take away those before ``at_ms``, one after the other; of contributions only what they still wait for."""
        heads = self._heads
        while heads and heads[0][0] < at_ms:
            line = heads[0][2]
            waiting = line.waiting
            taken = waiting.popleft()
            # What a contribution does not wait for now it will never wait for again: no need to bring it to the head.
            while waiting:
                subject = waiting[0].subject
                if not isinstance(subject, Contribution) or subject.waits_since == waiting[0].entry:
                    break
                waiting.popleft()
            self._next_head(line)
            subject = taken.subject
            if not isinstance(subject, Contribution) or subject.waits_since == taken.entry:
                yield line, taken

    def _next_head(self, line: Line) -> None:
        if line.waiting:
            head = line.waiting[0]
            heapreplace(self._heads, (head.at_ms, head.entry, line))
        else:
            heappop(self._heads)
