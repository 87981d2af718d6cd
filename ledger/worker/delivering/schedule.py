"""When a failed sending is tried again, when an endpoint is left alone for a while, and when for good. Pure."""

from __future__ import annotations

from typing import Final

_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
DELAYS_MS: Final = (
    *(5 * _SECOND, 5 * _MINUTE, 30 * _MINUTE),
    *(2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
)
"""After each failed try (Standard Webhooks, "Deliverability and reliability"); after one more, no other."""
JITTER: Final = 10
"""A delay is up to this many hundredths longer: what failed together is not tried again together."""
PROBING_FAILURES: Final = 5
"""After as many failures without a success between, an endpoint gets one request at a time, and pauses."""
_FIRST_PAUSE_MS: Final = 5 * _SECOND
_LONGEST_PAUSE_MS: Final = 5 * _MINUTE
_LONGEST_WISH_MS: Final = _HOUR
FULL_PAUSE_MS: Final = 5 * _SECOND
"""Before an endpoint is looked at again for which too much waits already for anything new to be sent."""
GIVE_UP_MS: Final = 5 * 24 * _HOUR
"""An endpoint at which nothing has arrived for as long is disabled."""


def next_delay_ms(tries: int, jitter: int) -> int | None:
    """How long to wait after the failed try number ``tries`` (from 1); None: it was the last one.

    ``jitter`` is a random number of hundredths, 0 to JITTER.
    """
    if tries > len(DELAYS_MS):
        return None
    delay = DELAYS_MS[tries - 1]
    return delay + delay * jitter // 100


def pause_ms(failures: int, wish_seconds: int | None = None) -> int:
    """How long an endpoint is left alone after so many failures; its ``Retry-After`` is heard, up to an hour."""
    wish = min((wish_seconds or 0) * _SECOND, _LONGEST_WISH_MS)
    over = failures - PROBING_FAILURES
    if over < 0:
        return wish
    return max(wish, min(_FIRST_PAUSE_MS << min(over, 10), _LONGEST_PAUSE_MS))


def retry_after_seconds(text: str | None) -> int | None:
    """A ``Retry-After`` in seconds (RFC 9110 section 10.2.3); a date, or anything else, counts as none."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) <= 9 else None
