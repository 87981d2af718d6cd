"""The C library's heap: what was freed in the middle of it stays with the process until it is asked to give it back."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Final


def _trim() -> Callable[[int], int] | None:
    """malloc_trim(3) of the GNU C library; other libraries give back on their own, or not at all."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


_TRIM: Final = _trim()


def give_back() -> None:
    """Return whole free pages to the system: some milliseconds.

    A worker reads thousands of rows now and a few then, and its tables double while the log grows: its heap gets holes.
    """
    if _TRIM is not None:
        _TRIM(0)
