"""Spoils good inputs: bytes, lines, members of JSON. The same seed spoils the same way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from scripts.fuzz.parsers.target import MAX_BYTES

_PIECES: Final = (
    *(b"", b"\x00", b"\n", b"\r\n", b"\r", b" ", b"\t", b'"', b"'", b"\\", b"/", b"=", b"+", b",", b";"),
    *(b"{", b"}", b"[", b"]", b"-", b"-1", b"0", b"1e400", b"9" * 20, b"9" * 400, b"NaN", b"Infinity", b"null"),
    *(b"true", b"0x", b"%00", b"..", b"../", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\\u0000"),
    *(text.encode() for text in ("\u2028", "\u00a0", "\ufeff", "\u202e", "é", "e\u0301", "😀", "²", "١")),
    *(b"A" * 300, b"9" * 5_000, b"[" * 3_000, b'{"a":' * 3_000),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 1e300, 2**53, 2**63, 2**64, -(2**63) - 1, 10**40),
    *("", " ", "0", "-1", "x", "\x00", "\ud800", "\u202e", "é", "e\u0301", "😀", "²", "١", "a\nb", "NaN"),
    *("A" * 5_000, "0x" + "f" * 40, "1" * 80, "https://[::1"),
    *("2026-11-22T03:14:00.123Z", "9999-12-31T23:59:60Z", "0000-00-00T00:00:00Z"),
    *([], {}, [[]], [None], {"": None}, {"__proto__": 1}),
)
_MOST_STEPS: Final = 4


def spoiled(seeds: Sequence[bytes], random: Random) -> bytes:
    """One of the good inputs, changed in a few places; now and then a piece of another one, or no such thing at all."""
    data = random.choice(seeds)
    if random.random() < 0.02:
        return random.randbytes(random.randrange(200))
    for _ in range(random.randint(1, _MOST_STEPS)):
        how = random.choice(_WAYS)
        data = how(data, seeds, random)[:MAX_BYTES]
    return data


def _changed_json(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """One member, item or name of it is another; written as JSON is written, or in canonical form."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _changed_line(data, seeds, random)
    changed = json_changed(value, random)
    try:
        if random.random() < 0.5:
            return json.dumps(changed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return json.dumps(changed).encode()
    except (UnicodeEncodeError, RecursionError):
        return data


def json_changed(value: Any, random: Random) -> Any:
    """A copy of a JSON value with one place changed."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(sorted(value))
        rest = {each: value[each] for each in value if each != name}
        match random.randrange(8):
            case 0:
                return rest
            case 1:
                return rest | {random.choice(["", "x", "__class__", name.upper(), f"{name} "]): value[name]}
            case 2:
                return value | {random.choice(["x", "v", "kind", "id"]): random.choice(_VALUES)}
            case _:
                return {each: json_changed(old, random) if each == name else old for each, old in value.items()}
    if isinstance(value, list) and value and random.random() < 0.8:
        at = random.randrange(len(value))
        match random.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case 2:
                return random.sample(value, len(value))
            case _:
                return [json_changed(old, random) if place == at else old for place, old in enumerate(value)]
    if isinstance(value, str) and value and random.random() < 0.5:
        text = _changed_bytes(value.encode(errors="surrogatepass"), [], random)
        return text.decode(errors="replace")
    if isinstance(value, int) and random.random() < 0.5:
        return value + random.choice((-1, 1, 256, 2**32))
    return random.choice(_VALUES)


def _changed_bytes(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """A few bytes put in, left out or in the place of others."""
    at = random.randrange(len(data) + 1)
    end = at + random.choice((0, 0, 1, 1, 2, 8, 40))
    put = random.choice(_PIECES) if random.random() < 0.6 else random.randbytes(random.randrange(1, 4))
    return data[:at] + put + data[end:]


def _flipped(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeated(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """A piece of it stands there again, sometimes very often."""
    at = random.randrange(len(data) + 1)
    piece = data[at : at + random.choice((1, 8, 64, 512))]
    return data[:at] + piece * random.choice((2, 3, 100)) + data[at:]


def _joined(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """Its beginning, and the end of another one."""
    other = random.choice(seeds) if seeds else data
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _changed_line(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """Lines in another order, twice, missing, or with a changed cell."""
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return _changed_bytes(data, seeds, random)
    at = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[at], lines[-1] = lines[-1], lines[at]
        case 1:
            lines.insert(at, lines[random.randrange(len(lines))])
        case 2:
            del lines[at]
        case _:
            mark = random.choice([b",", b"\t", b" ", b": ", b"="])
            cells = lines[at].split(mark)
            cells[random.randrange(len(cells))] = random.choice(_PIECES)
            lines[at] = mark.join(cells)
    return b"".join(lines)


_Way = Callable[[bytes, Sequence[bytes], Random], bytes]
_WAYS: Final[tuple[_Way, ...]] = (
    *(_changed_json, _changed_json, _changed_json, _changed_bytes, _changed_bytes, _changed_line, _changed_line),
    *(_flipped, _flipped, _cut, _repeated, _joined),
)
