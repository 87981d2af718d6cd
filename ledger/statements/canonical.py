"""Canonical JSON (RFC 8785): one byte string for one value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import rfc8785

from ledger.errors import FormatError

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class Document(msgspec.Struct, frozen=True, gc=False):
    """A value that is in canonical form already: it is written as it stands wherever it occurs in another value."""

    data: bytes

    @classmethod
    def of(cls, value: JsonValue) -> Document:
        """The document of a value, which leaves room for one level around it. Raises FormatError as ``encode``."""
        return cls(_encode(value, _MAX_DEPTH - 1))

    @classmethod
    def parsed(cls, value: JsonValue) -> Document:
        """The same for what was read from JSON: it has no other types, and no numbers that JSON lacks."""
        try:
            data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:  # deep, or a number that is too large
            return cls.of(value)
        plain = (
            (data.isascii() or _ASTRAL.search(data) is None)
            and data.count(b"{") + data.count(b"[") < _MAX_DEPTH
            and _has_plain_numbers(data)
        )
        return cls(data) if plain else cls.of(value)


Encodable = JsonValue | Document | Mapping[str, JsonValue | Document]

MAX_SAFE_INTEGER = 2**53 - 1
_MAX_DEPTH = 64
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 16
_ASTRAL = re.compile(rb"[\xf0-\xf4]")
"""Characters outside the basic plane, whose keys orjson sorts unlike RFC 8785."""
_FLAT = frozenset({str, Document})
"""What most objects around a document hold; they are quickly looked through."""
_FIRST_EXPONENT = 10**21
_FIRST_ASTRAL = "\U00010000"


def encode(value: Encodable) -> bytes:
    """The RFC 8785 bytes of ``value``. Raises FormatError for what JSON cannot carry exactly.

    orjson writes the same bytes some twenty times faster, except for floats, integers from 2**53 and keys outside
    the basic plane (RFC 8785 sorts by UTF-16 units); those go to the reference implementation.
    """
    return _encode(value, _MAX_DEPTH)


def _encode(value: Encodable, max_depth: int) -> bytes:
    try:
        if _is_plain(value, max_depth):
            return orjson.dumps(value, _fragment, orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(_expanded(value))
    except (rfc8785.CanonicalizationError, orjson.JSONEncodeError, UnicodeEncodeError, TypeError) as error:
        raise FormatError(
            f"This value has no canonical JSON: {error}.",
            remedy="Use integers below 2**53 (larger ones as strings), finite numbers and valid Unicode.",
        ) from error


def decode(data: bytes) -> JsonValue:
    """The value of canonical bytes. Raises FormatError unless ``encode(decode(data)) == data``."""
    try:
        value = _with_floats(msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"This is not JSON: {error}.") from error
    if encode(value) != data:
        raise FormatError("This JSON is not canonical (RFC 8785): key order, spacing, numbers or escapes differ.")
    return value


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def _has_plain_numbers(data: bytes) -> bool:
    """Whether all numbers in orjson's JSON are such as RFC 8785 writes alike: no floats, no long integers."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")  # what is left of quotes are the ends of texts
    outside = b"".join(data.split(b'"')[::2]).translate(_DIGITS_TO_ZERO)
    return b"." not in outside and b"0e" not in outside and _LONG_INTEGER not in outside


def _fragment(value: object) -> orjson.Fragment:
    """How orjson writes a document. Raises TypeError for what is none."""
    if type(value) is Document:
        return orjson.Fragment(value.data)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _expanded(value: Any) -> Any:
    """The value with its documents read again, as the reference implementation needs them."""
    if type(value) is Document:
        return decode(value.data)
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    if isinstance(value, dict):
        return {key: _expanded(item) for key, item in value.items()}
    return value


def _is_plain(value: Encodable, max_depth: int) -> bool:
    """Whether orjson writes it as RFC 8785 says. Raises FormatError for what is nested too deep, without recursion."""
    if type(value) is dict and _FLAT.issuperset(map(type, value.values())) and "".join(value).isascii():
        return True
    plain = True
    level: list[Any] = [value]
    depth = 0
    while level:
        if depth > max_depth:
            raise FormatError(
                f"This JSON is nested deeper than {_MAX_DEPTH}.", remedy="Flatten it or send it as a file."
            )
        deeper: list[Any] = []
        for item in level:
            kind = type(item)  # isinstance with a union would build that union for every value
            if kind is str or kind is bool or item is None or kind is Document:
                continue
            if isinstance(item, dict):
                keys = "".join(item)
                plain = plain and (keys.isascii() or max(keys) < _FIRST_ASTRAL)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            elif not isinstance(item, int) or not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                plain = False
        level = deeper
        depth += 1
    return plain


def _with_floats(value: JsonValue) -> JsonValue:
    """Integers from 2**53 as floats: RFC 8785 writes such numbers without a point, so that is what they were."""
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER and abs(value) < _FIRST_EXPONENT:
        return float(value)
    return value
