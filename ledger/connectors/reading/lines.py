"""JSON as platforms export it: an object a line, one big array, or a document with an array in it. Read as a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final, NamedTuple

import ijson
import msgspec

from ledger.connectors.reading.text import MAX_RAW, MAX_ROW, Lines, TooLongError, fault, refused, rest
from ledger.connectors.records import Refused
from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import MAX_SAFE_INTEGER, JsonValue

_HEAD_BYTES: Final = 64 * 1024
_MARK: Final = b"\xef\xbb\xbf"
_PLAIN_NESTING: Final = 32
_LONG_INTEGER: Final = re.compile(r"[0-9](?:[0-9]{15}|[eE]\+?[0-9]+(?=[\s,\]}]|\Z))")
_HALF: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])(?!(?:\\(?:u[dD]?)?)?\Z)")
"""A high surrogate without its low one; at the very end of what was read nobody can tell yet."""
_PAIR_BYTES: Final = 12
_MOST_DIGITS: Final = 4_000
_LONG_DIGITS: Final = re.compile(rb"(?<![0-9])[0-9]{%d,}" % _MOST_DIGITS)
"""Below Python's own limit of 4,300. An integer beyond that, and broken JSON behind it, would end the process: the C
part of ijson 3.6 hands over an event without a value. It must not come to see one."""
_LONG: Final = (f"It is longer than {MAX_ROW} bytes.", "Send such an object apart, its large parts as files.")
_NESTED: Final = "It is nested too deep."
_MAX_DEPTH: Final = 60
"""Canonical JSON has 64, of which a content is not the outermost."""
_DEEP: Final = object()
_EMPTY: Final[dict[str, Callable[[], Any]]] = {"start_map": dict, "start_array": list}
_LONG_NUMBER: Final = "A number in it, or in one of the next, is too long."  # ijson tells it of all that it has read
_HALF_REMEDY: Final = "Mend the text that was cut within an emoji, or the one beside it that has a question mark."
_HIDDEN: Final = "What comes after it was not read."


class Item(NamedTuple):
    """A value: where it is (the line; in an array the how-manieth, from 1), and its text, cut."""

    line: int
    value: JsonValue
    raw: str

    def refuse(self, reason: str, remedy: str) -> Refused:
        """This value cannot be used."""
        return Refused(self.line, reason, remedy, self.raw)


def objects(source: BinaryIO, member: str | None = None) -> Iterator[Item | Refused]:
    """The values of a file: its lines, or the items of its array.

    ``member`` is the path of the array (``results``, ``data.items``) where the file is one object that holds it.
    Raises FormatError where this is no JSON.
    """
    head = b""
    while len(head) < _HEAD_BYTES and (more := source.read(_HEAD_BYTES - len(head))):
        head += more
    head = head.removeprefix(_MARK)
    whole, start = rest(head, source), head.lstrip()
    if start.startswith(b"["):
        return _streamed(whole, [])
    if start.startswith(b"{") and member is not None:
        return _streamed(whole, member.split("."))
    if start.startswith(b"{") and not _is_one_a_line(start):
        return _streamed(whole, None)
    if start.startswith(b"{") or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _by_line(whole)
    raise FormatError("This is neither JSON Lines nor a JSON array.", remedy="Give the file as the platform wrote it.")


def parse(text: str) -> JsonValue:
    """The value of JSON, such as stands in a field of a table. Raises FormatError for what cannot be recorded exactly.

    Integers from 2**53 become texts, as canonical JSON has none.
    """
    try:
        value: JsonValue = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FormatError(f"This is no JSON: {error}.", remedy="Give the value as the platform wrote it.") from None
    if (
        text.isascii()
        and "\\u" not in text
        and text.count("[") + text.count("{") < _PLAIN_NESTING
        and _LONG_INTEGER.search(text) is None
    ):
        return value
    return checked(value)


def checked(value: Any) -> JsonValue:
    """A value as it can be recorded. Raises FormatError for what nests too deep or holds half a character."""
    try:
        found = _with_short_integers(value)
    except RecursionError:
        raise FormatError(_NESTED, remedy="Flatten it, or send it as a file.") from None
    canonical.encode(found)
    return found


def _with_short_integers(value: Any) -> JsonValue:
    if isinstance(value, dict):
        return {key: _with_short_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_short_integers(item) for item in value]
    if type(value) is int and abs(value) > MAX_SAFE_INTEGER:
        return str(value)
    if isinstance(value, Decimal):
        value = float(value)
    if type(value) is float and abs(value) > MAX_SAFE_INTEGER and value.is_integer():
        return str(int(value))
    found: JsonValue = value
    return found


def _is_one_a_line(start: bytes) -> bool:
    """Whether the file, which begins with an object, has one a line; else it is one that is spread over lines."""
    lines = start.splitlines()[:3]
    if len(lines) == 1 or lines[1].lstrip().startswith(b"{"):
        return True
    try:
        msgspec.json.decode(lines[0])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _by_line(source: BinaryIO) -> Iterator[Item | Refused]:
    lines = Lines(source)
    while True:
        try:
            text = next(lines)
        except StopIteration:
            return
        except TooLongError:
            line = lines.line
            yield refused(line, *_LONG, lines.first_only())
            continue
        raw = text[:MAX_RAW].rstrip("\r\n")
        wrong = fault(text)
        if wrong is not None:
            yield refused(lines.line, *wrong, raw)
        elif not text.isspace():
            try:
                yield Item(lines.line, parse(text), raw)
            except FormatError as error:
                yield refused(lines.line, error.detail, error.remedy, raw)
        lines.done()


def _streamed(source: BinaryIO, path: list[str] | None) -> Iterator[Item | Refused]:
    """The items of the array at ``path``. What is broken hides all that follows: it is refused once, with its place."""
    bounded = _Bounded(source)
    place = began = 0
    try:
        for value in _items(ijson.basic_parse(bounded, multiple_values=True), path):
            place += 1
            bounded.since = 0
            if value is _DEEP:
                yield refused(place, _NESTED, "Flatten it, or send it as a file.", "")
                continue
            raw = _shown(value)
            try:
                if bounded.half_at >= began and "?" in _encoded(value):  # what ijson's parser makes of half a character
                    raise FormatError("There is half a character in it.", remedy=_HALF_REMEDY)
                yield Item(place, checked(value), raw)
            except FormatError as error:
                yield refused(place, error.detail, error.remedy, raw)
            finally:
                began = bounded.reads
    except TooLongError:
        yield refused(place + 1, _LONG[0], f"{_LONG[1]} {_HIDDEN}", "")
    except (ijson.JSONError, UnicodeError) as error:
        reason = f"The JSON is broken here: {_first_line(error)}."
        yield refused(place + 1, reason, f"Give the file as the platform wrote it. {_HIDDEN}", "")
    except (ValueError, ArithmeticError):
        yield refused(place + 1, _LONG_NUMBER, f"Write it as a text. {_HIDDEN}", "")


def _items(events: Iterator[tuple[str, Any]], path: list[str] | None) -> Iterator[Any]:
    """The values of the array at ``path`` from the top, or without one the values at the top.

    Raises FormatError where no array is there.
    """
    names: list[str | None] = []
    inside = found = path is None
    for event, value in events:
        if inside and event != "end_array":
            yield _built(events, event, value)
        elif inside:
            inside = False
        elif event == "start_array" and names == path:
            inside = found = True
        elif not path:  # a value behind the array
            yield _built(events, event, value)
        elif event in _EMPTY:
            names.append(None)
        elif event in ("end_map", "end_array"):
            names.pop()
        elif event == "map_key":
            names[-1] = value
    if not found:
        raise FormatError(f"There is no array {'.'.join(path or ())!r} in it.", remedy="Name the one with the rows.")


def _built(events: Iterator[tuple[str, Any]], first: str, plain: Any) -> Any:
    """One value from its events, the ``first`` of which came; or ``_DEEP`` for one that is not worth keeping."""
    if first not in _EMPTY:
        return plain
    found = _EMPTY[first]()
    holders, name, depth = [found], [""], 1
    for event, value in events:
        if event in ("end_map", "end_array"):
            depth -= 1
            if depth < len(holders):
                holders.pop()
                name.pop()
            if not depth:
                break
            continue
        made = _EMPTY[event]() if event in _EMPTY else value
        depth += event in _EMPTY
        if depth > _MAX_DEPTH:
            found = _DEEP
        elif event == "map_key":
            name[-1] = value
        else:
            if isinstance(holders[-1], dict):
                holders[-1][name[-1]] = made
            else:
                holders[-1].append(made)
            if event in _EMPTY:
                holders.append(made)
                name.append("")
    return found


def _shown(value: Any) -> str:
    return _encoded(value)[:MAX_RAW]


def _encoded(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, UnicodeError, OverflowError, ValueError, TypeError):
        return ""


def _first_line(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return text.strip().partition("\n")[0].strip() or "it ends early"


class _Bounded:
    """A file that refuses to give more than a row may have without an item found in it.

    ``half_at`` is the last of its ``reads`` in which there was half a character. Raises ValueError for a number that is
    too long; within a text any digits may stand.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.since = 0
        self.reads = 0
        self.half_at = -1
        self._tail = b""
        self._digits = b""
        """Those at the very end."""
        self._inside = self._escaped = False
        """Whether a text is open there, and whether its last sign takes the meaning of the next one."""

    def read(self, size: int = -1) -> bytes:
        if self.since > MAX_ROW:
            raise TooLongError
        data = self._source.read(size)
        self.since += len(data)
        self.reads += 1
        window = self._tail + data
        self._tail = window[-_PAIR_BYTES:]
        if (b"\\ud" in window or b"\\uD" in window) and _HALF.search(window) is not None:
            self.half_at = self.reads
        self._check_numbers(data)
        return data

    def _check_numbers(self, data: bytes) -> None:
        window = self._digits + data
        for run in _LONG_DIGITS.finditer(window):
            if not self._behind(data[: max(0, run.start() - len(self._digits))])[0]:
                raise ValueError(_LONG_NUMBER)
        self._inside, self._escaped = self._behind(data)
        last = window[-_MOST_DIGITS:]
        self._digits = last[len(last.rstrip(b"0123456789")) :]

    def _behind(self, data: bytes) -> tuple[bool, bool]:
        """Whether a text is open behind these bytes, and its last sign a backslash that counts."""
        plain = data[self._escaped :].replace(b"\\\\", b"")
        marks = plain.count(b'"') - plain.count(b'\\"')
        escaped = plain.endswith(b"\\") if len(data) > self._escaped else self._escaped and not data
        return self._inside ^ (marks % 2 == 1), escaped
