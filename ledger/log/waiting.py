"""What waits in the writer's queue, and the results that its callers wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Written
from ledger.log.requests import Request

Result = Written | CrowdLedgerError


class Ticket:
    """The results that one caller waits for."""

    def __init__(self, count: int) -> None:
        self.future: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._results: list[Result | None] = [None] * count
        self._missing = count

    def settle(self, position: int, result: Result) -> None:
        """Give one result; the caller goes on with the last."""
        self._results[position] = result
        self._missing -= 1
        if self._missing == 0 and not self.future.done():  # done already if the caller went away
            self.future.set_result([each for each in self._results if each is not None])


class Lone:
    """The result of the only item that a caller waits for."""

    __slots__ = ("future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Result] = loop.create_future()

    def settle(self, _position: int, result: Result) -> None:
        """Give the result."""
        if not self.future.done():  # done already if the caller went away
            self.future.set_result(result)


class Waiting(NamedTuple):
    """An item in the queue."""

    request: Request | Callable[[], Item]
    """Prepared, or what makes the item that is still to be prepared."""
    ticket: Ticket | Lone
    position: int
    size: int
    """Bytes that are kept for it."""
