"""When a request may be sent again, and after how long: pure rules.

What the service refused with 429 or 503 was not done, but where the database failed: it may have been. A connection
that was never made carried nothing. After anything else, such as a proxy's own 503, it is unknown whether the request
was carried out; it is sent again only where twice is the same as once.
"""

from __future__ import annotations

import random
from typing import Final

import httpx

from ledger.errors import ChainError, CrowdLedgerError, DatabaseError, UnavailableError

_LEAST_SECONDS: Final = 0.1
_FIRST_SECONDS: Final = 0.25
_MOST_SECONDS: Final = 5.0
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_GATEWAY: Final = (502, 504)
_PROBLEM: Final = "application/problem+json"
"""What the service itself answers; a proxy may say 503 of a connection that broke amid a request."""
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LOST: Final = httpx.TransportError
_HOPELESS: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def may_repeat(outcome: object, repeatable: bool) -> bool:
    """Whether what ended so may be sent again, and may then be done."""
    return isinstance(outcome, UnavailableError | ChainError) and (repeatable or not isinstance(outcome, DatabaseError))


def seconds_of(outcome: object) -> float:
    """How long to wait after an item of a batch that could not be taken yet."""
    kind = outcome if isinstance(outcome, UnavailableError) else UnavailableError
    return max(float(kind.retry_after_seconds), _LEAST_SECONDS)


def after_refusal(reply: httpx.Response, error: CrowdLedgerError, tries: int, repeatable: bool) -> float | None:
    """The seconds to wait after a reply that is no success; None where asking again would be wrong."""
    if reply.status_code in _GATEWAY:
        return backoff(tries) if repeatable else None
    own = reply.headers.get("content-type", "").startswith(_PROBLEM)
    unavailable = reply.status_code == _UNAVAILABLE and may_repeat(error, repeatable) and (own or repeatable)
    if reply.status_code != _TOO_MANY and not unavailable:
        return None
    text = reply.headers.get("retry-after", "")
    named = text.isascii() and text.isdigit() and len(text) < 10
    return max(float(text), _LEAST_SECONDS) if named else seconds_of(error)


def after_failure(error: httpx.HTTPError, tries: int, repeatable: bool, reached: bool) -> float | None:
    """The seconds to wait after a connection that failed; None where asking again would be wrong.

    A service that was never reached is not waited for: more likely its address is wrong.
    """
    if isinstance(error, _NOT_SENT):
        return backoff(tries) if reached else None
    if isinstance(error, _LOST) and not isinstance(error, _HOPELESS):
        return backoff(tries) if repeatable else None
    return None


def backoff(tries: int) -> float:
    """Twice as long each time, and not for all clients the same."""
    most = min(_FIRST_SECONDS * 2.0 ** min(tries, 10), _MOST_SECONDS)
    return most * random.uniform(0.5, 1.0)  # noqa: S311  # spreads clients; no secret
