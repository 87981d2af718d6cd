"""How often strangers may try what costs us something: signing in, asking for messages to sign."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from api.limits import network_of
from ledger.errors import TooManyError

WINDOW_SECONDS: Final = 60.0
PER_ADDRESS: Final = 60
"""Attempts of one network (an address of IPv4, a /64 of IPv6) in a window."""
IN_ALL: Final = 1200
"""Attempts of everybody in a window, in this process."""
_ADDRESSES: Final = 4096


def address_of(request: Request) -> str:
    """The network address that a request comes from."""
    return request.client.host if request.client else ""


class Attempts:
    """Counts attempts in a sliding window, by network and in all; its memory is bounded."""

    def __init__(
        self,
        per_address: int = PER_ADDRESS,
        in_all: int = IN_ALL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_address = per_address
        self._in_all = in_all
        self._clock = clock
        self._all: deque[float] = deque()
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, address: str) -> None:
        """One more attempt from ``address``. Raises TooManyError where it is one too many; that one counts nothing."""
        now = self._clock()
        address = network_of(address)
        own = self._by_address.setdefault(address, deque())
        self._by_address.move_to_end(address)
        if len(self._by_address) > _ADDRESSES:  # before anything is refused: that must cost no memory either
            self._by_address.popitem(last=False)
        for times, limit in ((own, self._per_address), (self._all, self._in_all)):
            while times and times[0] <= now - WINDOW_SECONDS:
                times.popleft()
            if len(times) >= limit:
                raise TooManyError("There were too many attempts within a minute.")
        own.append(now)
        self._all.append(now)
