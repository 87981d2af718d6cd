"""Statements that stand in the log, proved and signed, and are wrong."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from tests.browser.receipt_maker import ODD, SIZES, SPELLINGS, Case, Maker, canonical

_TIMES: Final = (
    "2026-02-30T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "2026-11-22T24:00:00.000Z", "0000-01-01T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-11-22T03:14:60.000Z", "2026-13-01T00:00:00.000Z",
    "2026-11-22T03:14:00Z", "2026-11-22t03:14:00.123Z", "2026-00-10T00:00:00.000Z", "2023-02-29T00:00:00.000Z",
)  # fmt: skip


def _statement(maker: Maker) -> Case:
    """One member of a statement changed; hashed, signed and proved as it is."""
    size = maker.chance.choice(SIZES)
    index = maker.chance.randrange(size)
    members = json.loads(maker.entries[maker.chance.randrange(len(maker.entries))])
    how = _change_something(members, maker.chance)
    return Case(f"statement {how}", maker.receipt(index, size, entry=canonical(members)).encode())


def _statement_text(maker: Maker) -> Case:
    """A statement's bytes spelt otherwise, cut, or no statement at all."""
    size = maker.chance.choice(SIZES)
    index = maker.chance.randrange(size)
    data = maker.entries[maker.chance.randrange(len(maker.entries))]
    at = maker.chance.randrange(1, len(data))
    entry = maker.chance.choice(
        [
            data[:at],
            data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
            data.replace(b":", b": ", 1),
            data[:-1] + b',"v":1}',
            b'{"v":1,' + data[1:],
            data.replace(b'"v":1', b'"v":' + maker.chance.choice(SPELLINGS)),
            data.replace(b"a", b"\\u0061", 1),
            data + b"\n",
            b"\xff" + data,
            b"\xef\xbb\xbf" + data,
            b"[" * 500,
            b"{}",
            b"null",
            b'{"kind":"clock.tick"}',
            b" " * 60_001,
        ]
    )
    return Case(f"statement text {at}", maker.receipt(index, size, entry=entry).encode())


def _change_something(value: Any, chance: random.Random) -> str:
    """Change one thing somewhere inside an object; what was done."""
    names = sorted(value)
    name = chance.choice(names)
    inner = value[name]
    if isinstance(inner, dict) and inner and chance.random() < 0.7:
        return f"{name}." + _change_something(inner, chance)
    if isinstance(inner, list) and inner and chance.random() < 0.7:
        return _change_in_list(name, inner, chance)
    way = chance.randrange(6)
    if way == 0:
        del value[name]
    elif way == 1:
        value[chance.choice(["more", "__proto__", "reviewer", "task", "direct", "goal", "onchain"])] = chance.choice(
            ODD
        )
    elif way == 2 and isinstance(inner, str):
        value[name] = _other_text(inner, chance)
    elif way == 3 and isinstance(inner, bool | int):
        value[name] = chance.choice([not inner, inner + 1, -1, 0, 2**53 - 1, 2**53, 3_162_240_000, 3_162_240_001, 21])
    elif way == 4:
        value[name] = value[chance.choice(names)]
    else:
        value[name] = chance.choice(ODD)
    return f"{name} {way}"


def _change_in_list(name: str, items: list[Any], chance: random.Random) -> str:
    at = chance.randrange(len(items))
    if isinstance(items[at], dict) and chance.random() < 0.7:
        return f"{name}[{at}]." + _change_something(items[at], chance)
    way = chance.randrange(3)
    if way == 0:
        items *= chance.choice([0, 2, 5, 30, 110, 400])
    elif way == 1:
        items[at] = chance.choice(ODD)
    else:
        items.pop(at)
    return f"{name}[{at}] {way}"


def _other_text(text: str, chance: random.Random) -> str:
    """A text like this one, or a time, an amount, a score, a verdict that is none, or is the last that is one."""
    if text.endswith("Z") and text[:4].isdigit():
        return chance.choice(_TIMES)
    if text.isdigit():
        return chance.choice(
            [str(2**120 - 1), str(2**120), "00", "-1", "1" * 37, "1" * 38, "٣", "1\n", "0.5", "0.1234567", "1.0"]
        )
    at = chance.randrange(max(len(text), 1))
    return chance.choice(
        [
            text[:at]
            + chance.choice(["0", "f", "g", "F", "é", "\n", "\u2028", "\x7f", "\x1f", "\U0001f600"])
            + text[at + 1 :],
            text + "\n",
            text[:-1],
            text.upper(),
            text * 40,
            chance.choice(
                ["accepted", "rejected", "human", "piece_rate", "0.5", "0.10", "0x" + "ab" * 20, "1" * 500, "é" * 251]
            ),
        ]
    )


WAYS: Final = (_statement, _statement, _statement_text)
