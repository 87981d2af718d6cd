"""Waiting for what must happen, and trying again what a fault got in the way of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ledger.errors import CrowdLedgerError, NodeError, TransactionError, UnavailableError

_Given = TypeVar("_Given")
_PAUSE_SECONDS = 0.25
PASSING = (UnavailableError, NodeError, TransactionError)
"""What a fault causes and time heals."""


class StoppedError(Exception):
    """The load is to end."""


def wait_until(what: str, holds: Callable[[], bool], seconds: float = 120.0) -> None:
    """Ask again and again. Raises UnavailableError with the last problem once time is up."""
    deadline, problem = time.monotonic() + seconds, ""
    while True:
        try:
            if holds():
                return
            problem = ""
        except PASSING as error:
            problem = f" ({error})"
        if time.monotonic() > deadline:
            raise UnavailableError(f"Waited {seconds:.0f} s until {what}.{problem}")
        time.sleep(_PAUSE_SECONDS)


def surely(call: Callable[[], _Given], stop: threading.Event, tries: Callable[[CrowdLedgerError], None]) -> _Given:
    """The result of a call that is made again while a fault is in its way; ``tries`` is told each time.

    Raises StoppedError once ``stop`` is set, and any other error at once.
    """
    while True:
        try:
            return call()
        except PASSING as error:
            tries(error)
            if stop.wait(_PAUSE_SECONDS):
                raise StoppedError from error
