"""Byte ranges (RFC 9110 section 14): one range a request; what is no such range is ignored, as the standard allows."""

from __future__ import annotations

import re
from typing import Final

from ledger.errors import RangeError

_RANGE: Final = re.compile(r"bytes=[ \t]*(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})[ \t]*", re.IGNORECASE)


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The bytes ``[begin, end)`` that a ``Range`` header asks of ``size`` bytes; None for all of them.

    Raises RangeError (416) where it asks for bytes of which there are none.
    """
    match = _RANGE.fullmatch(header) if header is not None else None
    if match is None:
        return None
    first, last = match["first"], match["last"]
    if not first and not last:
        return None
    if first and last and int(last) < int(first):
        return None
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    if (not first and int(last) == 0) or (first and begin >= size):
        raise RangeError(f"The file has {size} bytes; the range asks for none of them.", size=size)
    return (begin, end) if end > begin else None
