"""Canonical JSON (RFC 8785): one byte string for one value."""

from __future__ import annotations

import hashlib

import msgspec
import orjson
import rfc8785

from ledger.errors import FormatError

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

MAX_SAFE_INTEGER = 2**53 - 1
_MAX_DEPTH = 64
_FIRST_EXPONENT = 10**21
_FIRST_ASTRAL = "\U00010000"


def encode(value: JsonValue) -> bytes:
    """The RFC 8785 bytes of ``value``. Raises FormatError for what JSON cannot carry exactly.

    orjson writes the same bytes some twenty times faster, except for floats, integers from 2**53 and keys outside
    the basic plane (RFC 8785 sorts by UTF-16 units); those go to the reference implementation.
    """
    try:
        if _is_plain(value, 0):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, orjson.JSONEncodeError, UnicodeEncodeError) as error:
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


def _is_plain(value: JsonValue, depth: int) -> bool:
    if depth > _MAX_DEPTH:
        raise FormatError(f"This JSON is nested deeper than {_MAX_DEPTH}.", remedy="Flatten it or send it as a file.")
    if value is None or isinstance(value, bool | str):
        return True
    if isinstance(value, int):
        return -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
    if isinstance(value, float):
        return False
    # Lists, not generators: every member is visited, so that the depth is bounded on the slow path too.
    if isinstance(value, list):
        return all([_is_plain(item, depth + 1) for item in value])  # noqa: C419
    members = [_is_plain(item, depth + 1) for item in value.values()]
    return all(members) and all(key.isascii() or max(key) < _FIRST_ASTRAL for key in value)


def _with_floats(value: JsonValue) -> JsonValue:
    """Integers from 2**53 as floats: RFC 8785 writes such numbers without a point, so that is what they were."""
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER and abs(value) < _FIRST_EXPONENT:
        return float(value)
    return value
