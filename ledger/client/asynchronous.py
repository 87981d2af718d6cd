"""The connection to a service for programs with an event loop (asyncio)."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import MethodType, TracebackType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TypeVar

import httpx

from ledger.client.core import DEFAULT_PATIENCE_SECONDS, DEFAULT_TIMEOUT_SECONDS, Core
from ledger.client.files import Source
from ledger.errors import FormatError

if TYPE_CHECKING:
    import asyncio

DEFAULT_CONCURRENCY: Final = 4
"""Batches on their way at once: with fewer the service would wait for this end."""
Made = TypeVar("Made")
Item = TypeVar("Item")
P = ParamSpec("P")


class AsyncConnection(Core):
    """One service, with one platform's key (or the operator's, or none for what is public).

    ``concurrency`` bounds how many batches of one call are on their way at once. For one event loop.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        verify: str | bool = False,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        concurrency: int = DEFAULT_CONCURRENCY,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, patience_seconds=patience_seconds, timeout_seconds=timeout_seconds, verify=verify)
        if concurrency < 1:
            raise FormatError("concurrency: With fewer than one batch at a time nothing would be sent.")
        self._concurrency = concurrency
        self._http: httpx.AsyncClient = httpx.AsyncClient(
            base_url=self.base_url, headers=self._headers(key), transport=transport, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ready(self) -> bool:
        """Whether the service answers and takes writes now."""
        return await self._is_ready()

    def _bind(self, made: MethodType) -> Callable[..., Any]:
        return made

    def _bind_each(self, made: MethodType) -> Callable[..., Any]:
        return made

    async def _transmit(self, request: httpx.Request, stream: bool) -> httpx.Response:
        return await self._http.send(request, stream=stream)

    async def _load(self, reply: httpx.Response) -> None:
        await reply.aread()

    async def _drop(self, reply: httpx.Response) -> None:
        await reply.aclose()

    async def _chunks(self, reply: httpx.Response) -> AsyncIterator[bytes]:
        async for chunk in reply.aiter_bytes():
            yield chunk

    async def _content(self, source: Source) -> AsyncIterator[bytes]:
        chunks = iter(source)
        while (chunk := await self._apart(next, chunks, b"")) != b"":
            yield chunk

    async def _pause(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)

    async def _apart(self, work: Callable[P, Made], *args: P.args, **more: P.kwargs) -> Made:
        import asyncio

        return await asyncio.to_thread(work, *args, **more)

    async def _all(self, work: Callable[[Item], Awaitable[Made]], items: Iterable[Item]) -> list[Made]:
        import asyncio

        done: list[Made] = []
        flying: deque[asyncio.Task[Made]] = deque()
        try:
            for item in items:
                if len(flying) >= self._concurrency:
                    done.append(await flying.popleft())
                flying.append(asyncio.ensure_future(work(item)))
            while flying:
                done.append(await flying.popleft())
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
        return done
