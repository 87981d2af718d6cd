"""Rounds without end, or until it is known how things stand."""

from __future__ import annotations

import threading
import time
from typing import Final

from ledger.guard.watch import Watch

SOUND, WRONG, UNKNOWN = 0, 1, 3
"""How a single look ended."""
_ONCE_SECONDS: Final = 180.0
"""How long a single look waits for its veto to be mined."""
_PAUSE_SECONDS: Final = 1.0
"""Between rounds while a veto is due."""


def watch_on(watch: Watch, stop: threading.Event, interval: float) -> None:
    """Look every ``interval`` seconds, more often while a veto is due, until ``stop``."""
    while not stop.is_set():
        due = watch.round()
        stop.wait(min(interval, _PAUSE_SECONDS) if due else interval)


def look_once(watch: Watch, stop: threading.Event) -> int:
    """One look, and as many as it takes until a veto that is due is mined; how it ended."""
    deadline = time.monotonic() + _ONCE_SECONDS
    wrong = unknown = False
    while True:
        due = watch.round()
        gravities = {alarm.gravity for alarm in watch.board.standing}
        wrong, unknown = wrong or "wrong" in gravities, "unknown" in gravities
        if not due or stop.is_set() or time.monotonic() >= deadline:
            return WRONG if wrong else UNKNOWN if unknown else SOUND
        stop.wait(_PAUSE_SECONDS)
