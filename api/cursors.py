"""Opaque cursors: where a list goes on. A cursor says nothing but the last position that was given."""

from __future__ import annotations

import base64
import re

from ledger.errors import FieldError
from ledger.statements.values import MAX_COUNT

_TEXT = re.compile(rb"after:(0|[1-9][0-9]{0,15})")
_PLACE = re.compile(rb"behind:(0|[1-9][0-9]{0,15})/(0|[1-9][0-9]{0,15})")


def encode(position: int | None) -> str | None:
    """The cursor that goes on behind ``position``; None at the end of a list."""
    return None if position is None else _write(position)


def _write(position: int) -> str:
    return _pack(b"after:%d" % position)


def decode(cursor: str | None) -> int | None:
    """The position behind which to go on; None for no cursor. Raises FieldError for what ``encode`` did not write."""
    if cursor is None:
        return None
    match = _TEXT.fullmatch(_unpack(cursor))
    if match is None or int(match[1]) > MAX_COUNT or _write(int(match[1])) != cursor:
        raise _no_cursor()
    return int(match[1])


def encode_place(head: int, index: int) -> str:
    """The cursor that goes on behind the entry ``index`` of what follows ``head``."""
    return _pack(b"behind:%d/%d" % (head, index))


def decode_place(cursor: str) -> tuple[int, int]:
    """The head and the index of a cursor. Raises FieldError for what ``encode_place`` did not write."""
    match = _PLACE.fullmatch(_unpack(cursor))
    if match is None or max(int(match[1]), int(match[2])) > MAX_COUNT:
        raise _no_cursor()
    head, index = int(match[1]), int(match[2])
    if encode_place(head, index) != cursor:
        raise _no_cursor()
    return head, index


def _pack(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _unpack(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return b""


def _no_cursor() -> FieldError:
    return FieldError("cursor: This is not a cursor.", field="cursor", remedy="Send 'next' of the last page as it is.")
