"""What waits in the writer's queue, and the results that its callers wait for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Written
from ledger.log.requests import Request, prepare

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

_LOGGER = logging.getLogger(__name__)

Result = Written | CrowdLedgerError


class Ticket:
    """The results that one caller waits for; ``asker`` is the caller's span, where there are spans."""

    def __init__(self, count: int, asker: SpanContext | None = None) -> None:
        self.asker = asker
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
    asker: SpanContext | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Result] = loop.create_future()

    def settle(self, _position: int, result: Result) -> None:
        """Give the result."""
        if not self.future.done():  # done already if the caller went away
            self.future.set_result(result)


class Traced(Lone):
    """The same, of a caller in a span. A class of its own, as most callers are in none."""

    __slots__ = ("asker",)

    def __init__(self, loop: asyncio.AbstractEventLoop, asker: SpanContext | None) -> None:
        super().__init__(loop)
        self.asker = asker


class Waiting(NamedTuple):
    """An item in the queue."""

    request: Request | Callable[[], Item]
    """Prepared, or what makes the item that is still to be prepared."""
    ticket: Ticket | Lone
    position: int
    size: int
    """Bytes that are kept for it."""


def prepared(waiting: Waiting) -> Request | CrowdLedgerError:
    """The item of ``waiting`` as the writer takes it, or why it cannot be."""
    if isinstance(waiting.request, Request):
        return waiting.request
    try:
        return prepare(waiting.request())
    except CrowdLedgerError as error:
        return error
    except Exception:  # a fault of ours that this one item met must not stop the others
        _LOGGER.exception("An item could not be made.")
        return CrowdLedgerError("This item could not be made.")
