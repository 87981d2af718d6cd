"""Deadlines in the order (time, entry that set them), at a constant cost each.

Deadlines of one kind in one campaign are set in the order in which they fall, so each kind is a queue, a line; a heap
orders the lines' heads.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import repeat

import msgspec

from ledger.book.contributions import Contribution


class Deadline(msgspec.Struct, gc=False):
    """Something that happens when the clock is beyond ``at_ms``; ``entry`` set it."""

    at_ms: int
    entry: int
    subject: Contribution | str


class Line:
    """Kind, and what it is a kind of deadline of: all deadlines of a line are set in ascending order of time.

    Column by column, and numbers as eight bytes each, which takes less time and memory than objects for millions.
    """

    __slots__ = ("_begin", "entries", "kind", "place", "subjects", "times_ms")

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place
        self.subjects: deque[Contribution | str] = deque()
        self.times_ms = array("q")
        """With the times of those before ``_begin``, which are taken, until they are half of all; so are entries."""
        self.entries = array("q")
        self._begin = 0

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def at_ms(self) -> int:
        """The time of the earliest one. Raises IndexError if there is none."""
        return self.times_ms[self._begin]

    @property
    def entry(self) -> int:
        """The entry that set the earliest one. Raises IndexError if there is none."""
        return self.entries[self._begin]

    def first(self) -> Deadline:
        """The earliest one. Raises IndexError if there is none."""
        return Deadline(self.at_ms, self.entry, self.subjects[0])

    def take(self) -> Deadline:
        """Take the earliest one away. Raises IndexError if there is none."""
        taken = self.first()
        self.drop()
        return taken

    def drop(self) -> None:
        """Take the earliest one away without a look at it. Raises IndexError if there is none."""
        self.subjects.popleft()
        self._begin += 1
        if self._begin * 2 >= len(self.entries):
            del self.times_ms[: self._begin], self.entries[: self._begin]
            self._begin = 0


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
        if not line.subjects:
            heappush(self._heads, (at_ms, entry, line))
        elif at_ms < line.times_ms[-1]:
            raise ValueError(f"The line of {line.kind} in '{line.place}' has a deadline after {at_ms}.")
        line.times_ms.append(at_ms)
        line.entries.append(entry)
        line.subjects.append(subject)

    def set_run(self, line: Line, at_ms: int, contributions: Sequence[Contribution]) -> None:
        """Set one for each of some contributions, by the entry that it waits since; ValueError as above."""
        first, *others = contributions
        self.set(line, at_ms, first.waits_since, first)
        line.times_ms.extend(repeat(at_ms, len(others)))
        line.entries.extend([each.waits_since for each in others])
        line.subjects.extend(others)

    def first(self) -> tuple[Line, Deadline] | None:
        """The earliest one."""
        if not self._heads:
            return None
        line = self._heads[0][2]
        return line, line.first()

    def take(self) -> Deadline:
        """Take the earliest one away. Raises IndexError if there is none."""
        line = self._heads[0][2]
        taken = line.take()
        self._next_head(line)
        return taken

    def passed(self, at_ms: int) -> Iterator[tuple[Line, Deadline]]:
        """Take away those before ``at_ms``, one after the other; of contributions only what they still wait for."""
        heads = self._heads
        while heads and heads[0][0] < at_ms:
            line = heads[0][2]
            taken = line.take()
            # What a contribution does not wait for now it will never wait for again: no need to bring it to the head.
            while line and _is_forgotten(line.subjects[0], line.entry):
                line.drop()
            self._next_head(line)
            if not _is_forgotten(taken.subject, taken.entry):
                yield line, taken

    def _next_head(self, line: Line) -> None:
        if line:
            heapreplace(self._heads, (line.at_ms, line.entry, line))
        else:
            heappop(self._heads)


def _is_forgotten(subject: Contribution | str, entry: int) -> bool:
    """Whether a contribution has another deadline by now than the one that ``entry`` set."""
    return isinstance(subject, Contribution) and subject.waits_since != entry
