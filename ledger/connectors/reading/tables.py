"""Comma and tab separated tables (RFC 4180), row by row, whatever the line ends, the size or the damage.

A row that is damaged is refused with its line, and reading goes on with the next one. An unclosed quote costs the line
that it is in: the lines behind it are read again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from ledger.connectors.reading.text import MAX_RAW, MAX_ROW, Lines, TooLongError, fault, refused
from ledger.connectors.records import Refused
from ledger.errors import FormatError

MAX_COLUMNS: Final = 2000
_DELIMITERS: Final = ",\t;|"
_QUOTE: Final = ("A quote in it is not closed, or stands inside a field.", 'Put quotes around the field, and "" in it.')
_CUT: Final = ("A quote in it is never closed: the file may be cut off here.", "Take the file anew from the platform.")
_LONG: Final = (f"It is longer than {MAX_ROW} characters.", "Look for a quote that is not closed; send files apart.")

# The limit is the process's own, 128 KiB by default, which real annotations exceed; rows are bounded by Lines.
csv.field_size_limit(MAX_ROW + 1)


class Row(NamedTuple):
    """A row: where it begins (from 1, the header's line), its fields by column, and its text, cut."""

    line: int
    fields: dict[str, str]
    raw: str

    def refuse(self, reason: str, remedy: str) -> Refused:
        """This row cannot be used."""
        return Refused(self.line, reason, remedy, self.raw)


def rows(source: BinaryIO, delimiter: str | None = None) -> Iterator[Row | Refused]:
    """The rows below the header. Without ``delimiter`` it is comma, tab, semicolon or bar, as the header has it.

    Empty lines say nothing. Raises FormatError without a header that can be used.
    """
    lines = Lines(source)
    names, delimiter = _header(lines, delimiter)
    width = len(names)
    for fields in _records(lines, delimiter):
        if isinstance(fields, Refused):
            yield fields
            continue
        text = lines.text()
        raw = text[:MAX_RAW].rstrip("\r\n")
        wrong = fault(text)
        if not fields:
            pass
        elif wrong is not None:
            yield refused(lines.line, *wrong, raw)
        elif len(fields) != width:
            reason = f"It has {len(fields)} fields, but the header names {width}."
            yield refused(lines.line, reason, "Add what is missing, or quote a field that holds the delimiter.", raw)
        else:
            yield Row(lines.line, dict(zip(names, fields, strict=True)), raw)
        lines.done()


def header(source: BinaryIO, delimiter: str | None = None) -> list[str]:
    """The names of the columns. Raises FormatError as ``rows``."""
    return _header(Lines(source), delimiter)[0]


def _header(lines: Lines, delimiter: str | None) -> tuple[list[str], str]:
    try:
        first = next(lines)
        while not first.strip("\r\n"):
            lines.done()
            first = next(lines)
    except StopIteration:
        raise FormatError("The file is empty.", remedy="Give the file as the platform wrote it.") from None
    except TooLongError:
        raise FormatError(f"The first line has over {MAX_ROW} characters: this is no table.") from None
    if (wrong := fault(first)) is not None:
        raise FormatError(f"The header cannot be read. {wrong[0]}", remedy=wrong[1])
    delimiter = delimiter or max(_DELIMITERS, key=lambda each: _outside_quotes(first).count(each))
    lines.give_back(0)
    names = next(_records(lines, delimiter), None)
    if names is None or isinstance(names, Refused):
        raise FormatError("The header cannot be read.", remedy=_QUOTE[1])
    lines.done()
    names = [name.strip() or f"column {place}" for place, name in enumerate(names, 1)]
    if len(names) > MAX_COLUMNS:
        raise FormatError(f"The table has {len(names)} columns; {MAX_COLUMNS} can be read.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(
            f"Two columns are named {twice!r}.", remedy="Rename or remove one: they cannot be told apart."
        )
    return names, delimiter


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _records(lines: Lines, delimiter: str) -> Iterator[Sequence[str] | Refused]:
    """The fields of one record after the other; of a good one ``lines`` still holds the text."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except TooLongError:
            line = lines.line
            yield refused(line, *_LONG, lines.first_only())
        except csv.Error as error:
            line = lines.line
            yield refused(line, *(_CUT if str(error) == "unexpected end of data" else _QUOTE), lines.first_only())
        else:
            yield fields
