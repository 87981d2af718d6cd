"""The run: the file is read and the next batches are made while the last ones are answered."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from ledger.cli.importing.keeping import Progress, Rejects
from ledger.cli.importing.sending import Outcome, Sender
from ledger.connectors.preparing import Prepared, Preparer
from ledger.connectors.pulling import Mark, Pulled
from ledger.connectors.records import Record, Refused
from ledger.wire import MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Campaign

IN_FLIGHT: Final = 4
"""Batches on their way at once: with fewer the service would wait for this end."""
_MAX_ROWS: Final = 10 * MAX_BATCH_ITEMS
_MAX_BYTES: Final = MAX_BATCH_BYTES // 4


@dataclass(slots=True)
class Batch:
    """Some rows of the file, in order, and how far they lead. ``marks`` are those of a pull that lie among them."""

    rows: list[Prepared] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    marks: list[Mark] = field(default_factory=list)
    reads: int = 0
    line: int = 0
    things: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether another row may be too much."""
        return self.things >= MAX_BATCH_ITEMS or self.size >= _MAX_BYTES or self.reads >= _MAX_ROWS

    def add(self, read: Pulled, preparer: Preparer) -> None:
        """Take one more row, or a mark behind it."""
        if isinstance(read, Mark):
            self.marks.append(read)
            return
        self.reads += 1
        self.line = read.line
        if isinstance(read, Record):
            made = preparer.prepare(read)
            if isinstance(made, Prepared):
                self.rows.append(made)
                self.things += max(len(made.tasks), len(made.contributions), len(made.decisions))
                self.size += made.size
            else:
                self.refused.append(made)
        elif isinstance(read, Refused):
            self.refused.append(read)
        else:
            self.skipped[read.reason] += 1

    def ids(self) -> set[str]:
        """The ids of its contributions."""
        return {piece.id for row in self.rows for piece in row.contributions}

    def needs_earlier(self) -> bool:
        """Whether it decides on contributions of other rows."""
        return any(row.decisions and not row.contributions for row in self.rows)


def batches(reads: Iterator[Pulled], preparer: Preparer) -> Iterator[Batch]:
    """The rows in batches."""
    batch = Batch()
    for read in reads:
        batch.add(read, preparer)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.reads or batch.marks:
        yield batch


def needs_order(campaign: Campaign) -> bool:
    """Whether it matters which answer came first: where only so many are taken."""
    return bool(campaign.limits or campaign.pilot)


@dataclass(slots=True)
class _Flying:
    batch: Batch
    ids: set[str]
    outcome: Future[Outcome]


@dataclass(slots=True)
class Run:
    """One run over a file, from ``progress`` on, which it keeps up to date. ``settled`` keeps it durably."""

    sender: Sender
    progress: Progress
    rejects: Rejects
    settled: Callable[[Batch, Outcome], None]
    tell: Callable[[int], None]
    in_order: bool = False
    """Whether a batch waits for the one before it, so that the log has the rows in the order of the file."""
    _is_whole: bool = field(default=True, init=False)
    """False while a batch is being counted: who is interrupted there must not count another."""

    def over(self, made: Iterator[Batch]) -> None:
        """Send all. Whatever stops it, batches that are answered by then are counted and kept."""
        flying: deque[_Flying] = deque()
        most = 1 if self.in_order else IN_FLIGHT
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            try:
                for batch in made:
                    ids = batch.ids()
                    while flying and (len(flying) >= most or batch.needs_earlier() or _meets(ids, flying)):
                        self._settle(flying)
                    outcome = Outcome(refused=batch.refused)
                    rows = self.sender.tasks(batch.rows, outcome)
                    flying.append(_Flying(batch, ids, pool.submit(self.sender.rest, rows, outcome)))
                while flying:
                    self._settle(flying)
            except BaseException:
                self.sender.stopped.set()
                while self._is_whole and flying and flying[0].outcome.exception() is None:
                    self._settle(flying)
                raise

    def _settle(self, flying: deque[_Flying]) -> None:
        """Count the first batch once it is answered, and keep how far that is; one that fails stays the first."""
        outcome, batch, progress = flying[0].outcome.result(), flying[0].batch, self.progress
        self._is_whole = False
        flying.popleft()
        progress.rejects_bytes = self.rejects.add(sorted(outcome.refused, key=lambda each: each.line))
        progress.rows += batch.reads
        progress.line = batch.line or progress.line
        progress.used += outcome.used
        progress.refused += len(outcome.refused)
        for kept, new in (
            (progress.written, outcome.written),
            (progress.known, outcome.known),
            (progress.skipped, batch.skipped),
        ):
            for name, count in new.items():
                kept[name] = kept.get(name, 0) + count
        self.settled(batch, outcome)
        self._is_whole = True
        self.tell(progress.rows)


def _meets(ids: set[str], flying: deque[_Flying]) -> bool:
    """Whether an id is on its way already: the first row of an id must come first."""
    return any(not ids.isdisjoint(each.ids) for each in flying)
