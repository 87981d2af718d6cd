"""The same thing done with either client, against a service that is scripted.

A number alone is the answer of a proxy; the service's own refusals have a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from ledger.client import AsyncClient, Client

URL = "http://crowd.test"
Kind = type[Client] | type[AsyncClient]
KINDS: list[Kind] = [Client, AsyncClient]
Answer = Callable[[httpx.Request], httpx.Response]


def outcome(kind: Kind, answer: Answer, work: Callable[[Any], Any], **more: Any) -> Any:
    """What a call comes to; of a listing all that it gives."""
    transport = httpx.MockTransport(answer)
    if kind is Client:
        with Client(URL, "key", transport=transport, **more) as client:
            found = work(client)
            return list(found) if isinstance(found, Iterator) else found

    async def wait() -> Any:
        async with AsyncClient(URL, "key", transport=transport, **more) as client:
            found = work(client)
            return [each async for each in found] if isinstance(found, AsyncIterator) else await found

    return asyncio.run(wait())


class Script:
    """Answers one after the other: a status with headers, a body, or an error to raise. Keeps the requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, type) and issubclass(answer, httpx.HTTPError):
            raise answer("no")
        if isinstance(answer, int):
            return httpx.Response(answer, headers={"Retry-After": "0"}, request=request)
        if isinstance(answer, tuple):
            headers = {"Retry-After": "0", "Content-Type": "application/problem+json"}
            return httpx.Response(answer[0], headers=headers, json=answer[1], request=request)
        return httpx.Response(200, json=answer, request=request)
