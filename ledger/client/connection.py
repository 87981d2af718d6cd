"""The blocking connection to a service: its primitives never suspend, so that every call is done when it returns."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import MethodType, TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import httpx

from ledger.client.batches import error_in
from ledger.client.calls import run, run_each
from ledger.client.core import DEFAULT_PATIENCE_SECONDS, DEFAULT_TIMEOUT_SECONDS, Core, Query, Result
from ledger.client.files import Source

__all__ = ["Connection", "Result", "error_in"]
Made = TypeVar("Made")
Item = TypeVar("Item")
P = ParamSpec("P")


class Connection(Core):
    """One service, with one platform's key (or the operator's, or none for what is public)."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        verify: str | bool = False,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, patience_seconds=patience_seconds, timeout_seconds=timeout_seconds, verify=verify)
        self._http: httpx.Client = httpx.Client(
            base_url=self.base_url, headers=self._headers(key), transport=transport, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ready(self) -> bool:
        """Whether the service answers and takes writes now."""
        return run(self._is_ready())

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        query: Query | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request, again where that is safe and may help. Raises the error that a problem tells of."""
        return run(self._reply(method, path, body, query=query, headers=headers))

    def _bind(self, made: MethodType) -> Callable[..., Any]:
        @functools.wraps(made)
        def done(*args: Any, **more: Any) -> Any:
            return run(made(*args, **more))

        return done

    def _bind_each(self, made: MethodType) -> Callable[..., Any]:
        @functools.wraps(made)
        def each(*args: Any, **more: Any) -> Any:
            return run_each(made(*args, **more))

        return each

    async def _transmit(self, request: httpx.Request, stream: bool) -> httpx.Response:
        return self._http.send(request, stream=stream)

    async def _load(self, reply: httpx.Response) -> None:
        reply.read()

    async def _drop(self, reply: httpx.Response) -> None:
        reply.close()

    async def _chunks(self, reply: httpx.Response) -> AsyncIterator[bytes]:
        for chunk in reply.iter_bytes():
            yield chunk

    def _content(self, source: Source) -> Iterable[bytes]:
        return source

    async def _pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  # there is no event loop here

    async def _apart(self, work: Callable[P, Made], *args: P.args, **more: P.kwargs) -> Made:
        return work(*args, **more)

    async def _all(self, work: Callable[[Item], Awaitable[Made]], items: Iterable[Item]) -> list[Made]:
        return [await work(item) for item in items]
