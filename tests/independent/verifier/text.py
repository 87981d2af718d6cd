"""What the text formats of C2SP share: base64 (RFC 4648 section 4), decimals, UTF-8 without control characters."""

from __future__ import annotations

import binascii

_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
# The code points with the property White_Space (Unicode, PropList.txt).
_SPACES = frozenset([*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F])
UNICODE_SPACES = frozenset(map(chr, _SPACES | {0x205F, 0x3000}))


class Broken(Exception):
    """Bytes are not what a specification says."""


def from_base64(text: bytes, what: str) -> bytes:
    """Decode base64 with padding in its only canonical spelling."""
    stripped = text.rstrip(b"=")
    padding = len(text) - len(stripped)
    if len(text) % 4 or padding > 2 or not _ALPHABET.issuperset(stripped):
        raise Broken(f"{what} is not base64")
    data = binascii.a2b_base64(text)
    if binascii.b2a_base64(data, newline=False) != text:
        raise Broken(f"{what} has bits behind its last byte")
    return data


def from_decimal(text: bytes, what: str) -> int:
    """Read ASCII digits without leading zeros."""
    if not text.isdigit() or len(text) > 20 or (text[:1] == b"0" and text != b"0"):
        raise Broken(f"{what} is not a decimal without leading zeros")
    return int(text)


def check_text(data: bytes, what: str) -> None:
    """UTF-8, and of the control characters below U+0020 only the newline."""
    try:
        data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Broken(f"{what} is not UTF-8") from None
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise Broken(f"{what} has a control character")
