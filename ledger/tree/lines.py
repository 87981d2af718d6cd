"""The rules that all C2SP text formats share: canonical base64, plain decimals, lines of clean UTF-8."""

from __future__ import annotations

import base64
import re

from ledger.errors import FormatError
from ledger.tree.merkle import HASH_SIZE, MAX_SIZE

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, what: str) -> bytes:
    """Read standard padded base64, in its one canonical spelling; FormatError naming ``what`` otherwise.

    RFC 4648 section 3.5 lets a decoder ignore stray bits behind the last byte; here they are refused, because two
    spellings of one proof would be two files that both verify.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise FormatError(f"The {what} is not base64.") from None
    if encode_base64(data) != text:
        raise FormatError(f"The {what} is not canonical base64.")
    return data


def decode_hash(text: str, what: str) -> bytes:
    """Read one hash, 32 bytes as base64; FormatError naming ``what`` otherwise."""
    data = decode_base64(text, what)
    if len(data) != HASH_SIZE:
        raise FormatError(f"The {what} has {len(data)} bytes instead of {HASH_SIZE}.")
    return data


def decode_size(text: str, what: str) -> int:
    """Read an ASCII decimal from 0 to 2**63 - 1 without leading zeros; FormatError naming ``what`` otherwise."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise FormatError(f"The {what} is not a plain decimal number below 2**63.")
    return int(text)


def check_clean(text: str, what: str) -> None:
    """Refuse control characters other than the newline, and what UTF-8 cannot carry (C2SP signed-note, Format)."""
    if _CONTROL.search(text):
        raise FormatError(f"The {what} contains a control character other than the newline.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise FormatError(f"The {what} is not valid UTF-8.") from None


def decode_utf8(data: bytes, what: str) -> str:
    """Read strict UTF-8; FormatError naming ``what`` otherwise."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"The {what} is not valid UTF-8.") from None


def read_text(text: str | bytes, what: str, limit: int) -> str:
    """Return a file's text: at most ``limit`` bytes of clean UTF-8; FormatError naming ``what`` otherwise."""
    # A text has at least as many bytes as characters: what is far too long is not encoded first.
    if len(text) > limit or (isinstance(text, str) and len(text.encode("utf-8", "replace")) > limit):
        raise FormatError(f"The {what} is longer than {limit} bytes.")
    if isinstance(text, bytes):
        text = decode_utf8(text, what)
    check_clean(text, what)
    return text
