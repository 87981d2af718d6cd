"""How many streams of events are open: each keeps a connection, so there is a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ledger.errors import TooManyError

MOST_OF_A_PLATFORM: Final = 10
MOST: Final = 200


class Streams:
    """The open streams of one log in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many there are."""
        return self._open.total()

    @contextmanager
    def one(self, platform: str) -> Iterator[None]:
        """One more stream of a platform, for the block. Raises TooManyError."""
        if self._open[platform] >= MOST_OF_A_PLATFORM or self.total >= MOST:
            raise TooManyError(
                f"A platform may have {MOST_OF_A_PLATFORM} streams at a time, all of them together {MOST}.",
                remedy="Close one, or ask for lists of events now and then.",
                limit="streams",
            )
        self._open[platform] += 1
        try:
            yield
        finally:
            self._open[platform] -= 1
            if not self._open[platform]:
                del self._open[platform]
