"""Time, and threads for what takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from ledger.log.writer import system_clock_ms

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class SystemClock:
    """``ports.Clock``: the system's, or another one that tells milliseconds."""

    def __init__(self, now_ms: Callable[[], int] = system_clock_ms) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """See ``ports.Clock``."""
        return self._now_ms()

    async def sleep(self, seconds: float) -> None:
        """See ``ports.Clock``."""
        await asyncio.sleep(seconds)


async def nothing() -> None:
    """Keeps nothing."""


class ThreadWork:
    """``ports.Work`` in a thread; ``keep`` is awaited every ``seconds`` meanwhile."""

    def __init__(self, keep: Callable[[], Awaitable[None]], seconds: float = 1.0) -> None:
        self._keep, self._seconds = keep, seconds

    async def run(self, function: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
        """See ``ports.Work``. What ``keep`` raises is raised once the work has ended: it still reads its arguments."""
        working = asyncio.ensure_future(asyncio.to_thread(function, *given, **named))
        try:
            while not (await asyncio.wait([working], timeout=self._seconds))[0]:
                await self._keep()
        finally:
            await asyncio.wait([working])
        return await working
