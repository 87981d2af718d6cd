"""How many blocks' logs a node is asked for at once: as many as it answers, which providers limit as they like.

It begins with many, halves what is refused and grows slowly from what worked: a limit that follows the load, or the
number of logs, is found again and again with few questions in vain.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_BLOCKS = 100_000
_LATE_SHARE = 8
_GOOD_IN_A_ROW = 4


@dataclass(slots=True)
class LogSpan:
    """``blocks``, from 1 to ``MOST_BLOCKS``, is what to ask for next."""

    blocks: int = MOST_BLOCKS
    _good: int = 0
    """How often in a row as many were answered."""
    _last_good: int = 0
    """What worked before it grew; 0 once that was refused too."""

    def worked(self, asked: int) -> None:
        """So many were answered."""
        if asked < self.blocks:
            return  # there was no more to ask for: it says nothing of the limit
        self._good += 1
        if self._good == _GOOD_IN_A_ROW:
            self._last_good = self.blocks
            self.blocks, self._good = min(MOST_BLOCKS, self.blocks + self.blocks // 4 + 1), 0

    def refused(self, asked: int) -> None:
        """So many were refused."""
        half = max(1, asked // 2)
        self.blocks = self._last_good if half < self._last_good < asked else half
        self._good = self._last_good = 0

    def late(self, asked: int) -> None:
        """So many were not answered in time. Waiting is dear: next time it is far fewer."""
        self.blocks = max(1, asked // _LATE_SHARE)
        self._good = self._last_good = 0
