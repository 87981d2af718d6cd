"""RLP, in which transactions are written (Yellow Paper, appendix B): byte strings and lists of them."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.errors import FormatError

Item = bytes | Sequence["Item"]


def number(value: int) -> bytes:
    """A number as RLP holds it: big-endian without leading zeros, 0 as the empty string."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode(item: Item) -> bytes:
    """A byte string, or a list of items."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _with_length(0x80, item)
    return _with_length(0xC0, b"".join(encode(each) for each in item))


def _with_length(kind: int, payload: bytes) -> bytes:
    if len(payload) <= 55:
        return bytes([kind + len(payload)]) + payload
    size = number(len(payload))
    return bytes([kind + 55 + len(size)]) + size + payload


def strings(data: bytes) -> list[bytes]:
    """The strings of a list that holds no lists. Raises FormatError for anything else, and for what is not shortest."""
    remedy = "Nobody but the sender can mend it."
    try:
        found = _strings(data)
    except IndexError:
        raise FormatError("An RLP list ends too early.", remedy=remedy) from None
    if encode(found) != data:
        raise FormatError("This is not an RLP list of strings in its shortest form.", remedy=remedy)
    return found


def _strings(data: bytes) -> list[bytes]:
    at = 1 if data[0] <= 0xF7 else 1 + data[0] - 0xF7
    found = []
    while at < len(data):
        first = data[at]
        if first < 0x80:
            begin, size = at, 1
        elif first <= 0xB7:
            begin, size = at + 1, first - 0x80
        else:
            begin = at + 1 + first - 0xB7
            size = int.from_bytes(data[at + 1 : begin], "big")
        found.append(data[begin : begin + size])
        at = begin + size
    return found
