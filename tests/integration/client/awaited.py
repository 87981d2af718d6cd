"""Both clients behind one face, so that a scene is written once and played by each."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ledger.client import AsyncClient, Client
from ledger.client.calls import listing

KINDS = [Client, AsyncClient]


class Awaited:
    """The calls of a blocking client as if they were awaited."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        made = getattr(self._client, name)
        if isinstance(inspect.getattr_static(Client, name), listing):
            return lambda *args, **more: _each(made(*args, **more))

        async def done(*args: Any, **more: Any) -> Any:
            return made(*args, **more)

        return done if callable(made) else made


async def _each(found: Any) -> AsyncIterator[Any]:
    for each in found:
        yield each


@asynccontextmanager
async def connected(kind: type, url: str, key: str | None = None, **more: Any) -> AsyncIterator[Any]:
    """A client of either kind; what it gives is awaited."""
    if kind is Client:
        with Client(url, key, **more) as client:
            yield Awaited(client)
    else:
        async with AsyncClient(url, key, **more) as awaited:
            yield awaited


async def every(found: AsyncIterator[Any]) -> list[Any]:
    """All of a listing."""
    return [each async for each in found]
