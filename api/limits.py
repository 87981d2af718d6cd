"""How many requests one key, or one network without a key, may send: a bucket each, told in every reply.

The buckets follow the generic cell rate algorithm (ITU-T I.371): one time says how full a bucket is, a minute's worth
may come at once. Headers are those of draft-ietf-httpapi-ratelimit-headers-10. Whoever sends a key that is not known
counts by network: made-up keys get nobody a bucket of their own, and nobody can empty another one's. A process counts
for itself.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Any, Final, NamedTuple

from starlette.types import Scope

from api.scope import UNSEEN
from api.tracing import CALLER, HEADERS
from ledger.errors import RateLimitedError

WINDOW_SECONDS: Final = 60
_BUCKETS: Final = 65_536
_BEARER: Final = b"bearer "


def network_of(address: str) -> str:
    """What one customer of a provider has: an address of IPv4, but all 2**64 of a network of IPv6."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


class Standing(NamedTuple):
    """A bucket after a request: how many more may come at once, and when it is full again."""

    granted: bool
    remaining: int
    full_in_seconds: float


class Buckets:
    """One kind of bucket, ``limit`` requests a minute each. The fullest are forgotten first where there are many."""

    def __init__(self, name: str, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._interval = WINDOW_SECONDS / limit
        self._clock = clock
        self._empty_until: OrderedDict[str, float] = OrderedDict()
        self.policy = b'"%s";q=%d;w=%d' % (name.encode(), limit, WINDOW_SECONDS)
        self._head = b'"%s";r=' % name.encode()

    def take(self, whose: str) -> Standing:
        """One request of ``whose``; one that is not granted counts nothing."""
        now = self._clock()
        full_at = max(now, self._empty_until.get(whose, now)) + self._interval
        granted = full_at - now <= WINDOW_SECONDS
        if granted:
            self._empty_until[whose] = full_at
            self._empty_until.move_to_end(whose)
            if len(self._empty_until) > _BUCKETS:
                self._empty_until.popitem(last=False)
        else:
            full_at -= self._interval
        return Standing(granted, int((WINDOW_SECONDS - (full_at - now)) / self._interval + 1e-6), full_at - now)

    def headers(self, standing: Standing) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and ``RateLimit``."""
        left = b"%d;t=%d" % (standing.remaining, ceil(standing.full_in_seconds))
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", self._head + left)]

    def wait_seconds(self, standing: Standing) -> int:
        """For how long nothing more is granted."""
        return max(1, ceil(standing.full_in_seconds + self._interval - WINDOW_SECONDS))


class Limits:
    """The buckets of keys and of networks."""

    def __init__(self, by_key: int, by_address: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Requests a minute."""
        self._by_key = Buckets("key", by_key, clock)
        self._by_address = Buckets("address", by_address, clock)

    def charge(self, scope: Scope, known: Callable[[str], str | None]) -> None:
        """Count a request and add to its reply what is left; ``known`` gives the id of a key that is known.

        Raises RateLimitedError for one too many.
        """
        if scope["path"] in UNSEEN:
            return
        token = _token(scope["headers"])
        key = None if token is None else known(token)
        buckets, whose = (self._by_key, key) if key else (self._by_address, _address(scope))
        standing = buckets.take(whose)
        scope[HEADERS] += buckets.headers(standing)
        if key:
            scope[CALLER] = key
        if not standing.granted:
            raise RateLimitedError(
                f"This {'key' if key else 'network'} sent over {buckets.limit} requests within a minute.",
                retry_after_seconds=buckets.wait_seconds(standing),
                limit="key" if key else "address",
            )


def _token(headers: Any) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            found: str = value[len(_BEARER) :].decode("latin-1").strip()
            return found if value[: len(_BEARER)].lower() == _BEARER else None
    return None


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else ""
