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
_AT_ONCE: Final = 4
_LONGEST_SECONDS: Final = 600.0
"""What a database's bad moment made slow is not old for an hour after it."""
_RECENT_SECONDS: Final = 60.0
"""What was good until a minute ago, or later, is shown while it is read anew, and where that fails."""
_BRIEF_SECONDS: Final = 0.05
"""How long somebody waits for what is new where such a value is there: most of it is read within that."""


class KeptEach(Generic[Key, Value]):
    """Keeps the value of each key for ``seconds``, of the last ``limit`` keys; many who ask at once read once.

    What takes long to read is kept longer, ``times`` the time it took, up to ten minutes; and few keys are read at
    once, others wait: however often strangers ask, the database has little more to do than for one of them.
    """

    def __init__(self, seconds: float, limit: int, times: float = _TIMES) -> None:
        self._seconds = seconds
        self._limit = limit
        self._times = times
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[Key, asyncio.Task[tuple[float, Value]]] = OrderedDict()
        self._last: dict[Key, tuple[float, Value]] = {}
        """What was good before, and until when, of keys that are read anew."""

    async def get(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The value of ``key``, from ``read`` if it is too old or not there."""
        found = self._reading(key, read)
        if found.done():
            return found.result()[1]
        return (await asyncio.shield(found))[1]  # others wait for it too: one who leaves must not cancel it

    async def soon(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]], seconds: float) -> Value | None:
        """The same within ``seconds``: where reading takes longer the value as it was before, None without one.

        Whoever comes while a value that was good until just now is read anew waits for the new one only briefly.
        """
        found = self._reading(key, read)
        await asyncio.wait([found], timeout=min(seconds, _BRIEF_SECONDS) if self._is_recent(key) else seconds)
        last = self._last.get(key)
        if not found.done():
            return None if last is None else last[1]
        if last is not None and self._is_recent(key) and found.exception() is not None:
            return last[1]
        return found.result()[1]

    def forget(self, key: Key) -> None:
        """Read anew the next time."""
        self._kept.pop(key, None)
        self._last.pop(key, None)

    def _is_recent(self, key: Key) -> bool:
        """Whether there is a value that was good until just now."""
        last = self._last.get(key)
        return last is not None and last[0] > time.monotonic() - _RECENT_SECONDS

    def _reading(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> asyncio.Task[tuple[float, Value]]:
        found = self._kept.get(key)
        good = found is not None and found.done() and found.exception() is None
        if found is None or (found.done() and (not good or found.result()[0] < time.monotonic())):
            if found is not None and good:
                self._last[key] = found.result()
            found = asyncio.create_task(self._read(read))
            self._kept[key] = found
            while len(self._kept) > self._limit:
                self._last.pop(self._kept.popitem(last=False)[0], None)
        elif good:
            self._last.pop(key, None)
        self._kept.move_to_end(key)
        return found

    async def _read(self, read: Callable[[], Coroutine[Any, Any, Value]]) -> tuple[float, Value]:
        """Until when the value is good, and the value."""
        async with self._turns:
            begin = time.monotonic()
            value = await read()
            end = time.monotonic()
        return end + max(self._seconds, min(self._times * (end - begin), _LONGEST_SECONDS)), value


class Kept(Generic[Value]):
    """Keeps the one value that ``read`` gives, in the same way."""

    def __init__(self, read: Callable[[], Coroutine[Any, Any, Value]], seconds: float, times: float = _TIMES) -> None:
        self._read = read
        self._only: KeptEach[None, Value] = KeptEach(seconds, 1, times)

    async def get(self) -> Value:
        """The value, read anew if it is too old."""
        return await self._only.get(None, self._read)

    async def soon(self, seconds: float) -> Value | None:
        """The value within ``seconds``: where reading takes longer the one of before, None without one."""
        return await self._only.soon(None, self._read, seconds)

    def forget(self) -> None:
        """Read anew the next time."""
        self._only.forget(None)
