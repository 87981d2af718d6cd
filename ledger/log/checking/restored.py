"""Entries that a restore brought back from a mirror: what only the lost database had of them is lost, not damaged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ledger.db.loading import Content
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import Report
from ledger.log.checking.snapshot import Snapshot
from ledger.statements.values import MAX_COUNT, format_time

_ROWS: Final = "SELECT first_index, last_index, at_ms, source FROM restored WHERE log = :log ORDER BY first_index"
_NO_TEXT: Final = (None, "null")


@dataclass(slots=True)
class Restored:
    """The ranges, and how much of them is lost."""

    ranges: list[tuple[int, int, str]] = field(default_factory=list)
    """First and last entry, and the rest in words."""
    openings: int = 0
    texts: int = 0

    @classmethod
    async def read(cls, snapshot: Snapshot) -> Restored:
        """The ranges in the database; a damaged one, which its checksum tells, explains nothing."""
        ranges = []
        for first, last, at_ms, source in await snapshot.all(_ROWS):
            if all(type(each) is int and 0 <= each <= MAX_COUNT for each in (first, last, at_ms)):
                ranges.append((first, last, f"on {format_time(at_ms)} from {source!r}"))
        return cls(ranges)

    def covers(self, entry: int | None) -> bool:
        """Whether an entry was brought back."""
        return entry is not None and any(first <= entry <= last for first, last, _ in self.ranges)

    def lost(self, replay: Replay, content: Content, entry: int) -> bool:
        """Whether an opening that is missing came, or was revealed, with an entry that was brought back; counts it."""
        revealed = replay.changes.get(("contributions", content.subject), {}).get("revealed")
        came = revealed if content.purpose == "contribution" and isinstance(revealed, int) else entry
        if not self.covers(came):
            return False
        self.openings += 1
        return True

    def lost_text(self, stored: object, entry: int) -> bool:
        """Whether a text is not there because its entry was brought back; counts it."""
        if stored not in _NO_TEXT or not self.covers(entry):
            return False
        self.texts += 1
        return True

    def say(self, report: Report) -> None:
        """What was brought back, and what is lost of it, once all was compared."""
        if self.ranges:
            check = report.check(
                "restored", "What a restore brought back from a mirror is said, and what is lost of it"
            )
            which = "; ".join(f"entries {first} to {last}, {words}" for first, last, words in self.ranges)
            check.evidence = f"{which}: openings lost: {self.openings}, texts: {self.texts}"
