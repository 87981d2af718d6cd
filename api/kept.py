"""A value that is read from the database at most every so often: what many requests ask for and seconds may be old."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_TIMES: Final = 20


class KeptEach(Generic[Key, Value]):
    """Keeps the value of each key for ``seconds``, of the last ``limit`` keys; many who ask at once read once.

    What takes long to read is kept longer, ``times`` the time it took: strangers cannot keep the database busy.
    """

    def __init__(self, seconds: float, limit: int, times: float = _TIMES) -> None:
        self._seconds = seconds
        self._limit = limit
        self._times = times
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
        if found.done():
            return found.result()[1]
        return (await asyncio.shield(found))[1]  # others wait for it too: one who leaves must not cancel it

    def forget(self, key: Key) -> None:
        """Read anew the next time."""
        self._kept.pop(key, None)

    async def _read(self, read: Callable[[], Coroutine[Any, Any, Value]]) -> tuple[float, Value]:
        """Until when the value is good, and the value."""
        begin = time.monotonic()
        value = await read()
        end = time.monotonic()
        return end + max(self._seconds, self._times * (end - begin)), value


class Kept(Generic[Value]):
    """Keeps the one value that ``read`` gives, in the same way."""

    def __init__(self, read: Callable[[], Coroutine[Any, Any, Value]], seconds: float, times: float = _TIMES) -> None:
        self._read = read
        self._only: KeptEach[None, Value] = KeptEach(seconds, 1, times)

    async def get(self) -> Value:
        """The value, read anew if it is too old."""
        return await self._only.get(None, self._read)

    def forget(self) -> None:
        """Read anew the next time."""
        self._only.forget(None)
