"""A value that is read from the database at most every so often: what many requests ask for and seconds may be old."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_TIMES: Final = 20


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


class KeptEach(Generic[Key, Value]):
    """Keeps the value of each key for ``seconds``, of the last ``limit`` keys; many who ask at once read once.

    What takes long to read is kept longer, ``_TIMES`` the time it took: strangers cannot keep the database busy.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._kept: OrderedDict[Key, asyncio.Task[tuple[float, Value]]] = OrderedDict()

    async def get(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The value of ``key``, from ``read`` if it is too old or not there."""
        found = self._kept.get(key)
        if found is None or (found.done() and (found.exception() is not None or found.result()[0] < time.monotonic())):
            found = asyncio.create_task(self._read(read))
            self._kept[key] = found
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return (await asyncio.shield(found))[1]  # others wait for it too: one who leaves must not cancel it

    def forget(self, key: Key) -> None:
        """Read anew the next time."""
        self._kept.pop(key, None)

    async def _read(self, read: Callable[[], Coroutine[Any, Any, Value]]) -> tuple[float, Value]:
        """Until when the value is good, and the value."""
        begin = time.monotonic()
        value = await read()
        end = time.monotonic()
        return end + max(self._seconds, _TIMES * (end - begin)), value
