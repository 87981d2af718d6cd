"""RFC 8785 for values without fractions: what a canonical entry must look like."""

from __future__ import annotations

import json

from tests.independent.verifier.text import Broken

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def check_canonical(entry: bytes) -> None:
    """The entry is canonical JSON; numbers are whole and below 2**53."""
    try:
        value = json.loads(entry.decode("utf-8"), object_pairs_hook=_members, parse_float=_no_fraction)
        text = _text(value)
    except (ValueError, RecursionError) as error:
        raise Broken(f"it is not JSON: {error}") from None
    if text.encode("utf-8") != entry:
        raise Broken("it is JSON but not canonical")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise Broken("a member stands twice in an object")
    return dict(pairs)


def _no_fraction(text: str) -> float:
    raise Broken(f"{text} is not a whole number")


def _text(value: object) -> str:
    if isinstance(value, dict):  # sorted by UTF-16 code units (section 3.2.3)
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_text(each)}" for name, each in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return (
            '"' + "".join(_SHORT.get(each) or (f"\\u{ord(each):04x}" if each < " " else each) for each in value) + '"'
        )
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    raise Broken(f"{value!r} is no value of a canonical entry")
