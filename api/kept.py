"""A value that is read from the database at most every so often: what many requests ask for and seconds may be old."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Keeps what ``read`` gave for ``seconds``."""

    def __init__(self, read: Callable[[], Awaitable[Value]], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._kept: tuple[float, Value] | None = None

    async def get(self) -> Value:
        """The value, read anew if it is too old."""
        now = time.monotonic()
        if self._kept is None or now - self._kept[0] > self._seconds:
            self._kept = (now, await self._read())
        return self._kept[1]

    def forget(self) -> None:
        """Read anew the next time."""
        self._kept = None
