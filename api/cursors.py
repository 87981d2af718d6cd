"""Opaque cursors: where a list goes on. A cursor says nothing but the last position that was given."""

from __future__ import annotations

import base64
import re

from ledger.errors import FieldError
from ledger.statements.values import MAX_COUNT

_TEXT = re.compile(rb"after:(0|[1-9][0-9]{0,15})")


def encode(position: int | None) -> str | None:
    """The cursor that goes on behind ``position``; None at the end of a list."""
    return None if position is None else _write(position)


def _write(position: int) -> str:
    return base64.urlsafe_b64encode(b"after:%d" % position).decode().rstrip("=")


def decode(cursor: str | None) -> int | None:
    """The position behind which to go on; None for no cursor. Raises FieldError for what ``encode`` did not write."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        text = b""
    match = _TEXT.fullmatch(text)
    if match is None or int(match[1]) > MAX_COUNT or _write(int(match[1])) != cursor:
        raise FieldError(
            "cursor: This is not a cursor.", field="cursor", remedy="Send 'next' of the last page as it is."
        )
    return int(match[1])
