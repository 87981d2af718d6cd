"""Looking up hosts: a server of names that never answers holds up the hosts that it is of, and no others."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from ledger.outgoing.names import Names


class Resolver:
    """Answers for ``slow.example.org`` only once it is let go; ``none.example.org`` is no host."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host == "slow.example.org":
            self.let_go.wait(10)
        if host == "none.example.org":
            raise socket.gaierror("no such host")
        return ["192.0.2.1"]


@pytest.fixture
async def resolver() -> AsyncIterator[Resolver]:
    made = Resolver()
    yield made
    made.let_go.set()


async def test_a_host_that_is_not_answered_for_holds_up_no_other(resolver: Resolver) -> None:
    names = Names(resolver)
    waiting = [asyncio.create_task(names.find("slow.example.org", 443)) for _ in range(200)]
    async with asyncio.timeout(5):
        assert await names.find("quick.example.org", 443) == ["192.0.2.1"]
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    again = asyncio.create_task(names.find("slow.example.org", 443))
    await asyncio.sleep(0)
    resolver.let_go.set()
    assert await again == ["192.0.2.1"]
    assert resolver.asked.count("slow.example.org") == 1
    assert await names.find("slow.example.org", 443) == ["192.0.2.1"]
    assert resolver.asked.count("slow.example.org") == 2
    names.close()


async def test_a_host_that_is_none(resolver: Resolver) -> None:
    names = Names(resolver)
    found = await asyncio.gather(*(names.find("none.example.org", 443) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [socket.gaierror] * 3
    with pytest.raises(socket.gaierror):
        await names.find("none.example.org", 443)
    names.close()


async def test_the_systems_own_resolver() -> None:
    names = Names()
    assert await names.find("127.0.0.1", 80) == ["127.0.0.1"]
    names.close()
