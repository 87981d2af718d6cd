"""XLSX sheets, row by row, with texts as their CSV would have them; a file that unpacks to too much is refused."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import zip_longest
from typing import Any, BinaryIO, Final

from ledger.connectors.reading.tables import MAX_COLUMNS, Row
from ledger.connectors.reading.text import MAX_RAW, MAX_ROW, fault, refused
from ledger.connectors.records import Refused
from ledger.errors import FormatError

MAX_PARTS: Final = 2000
MAX_SHEET_BYTES: Final = 1024**3
MAX_PART_BYTES: Final = 128 * 1024**2
"""Of what is not a sheet: shared texts and styles are held in memory."""
MAX_ROWS: Final = 1_048_576
"""As many as a sheet can have. A file may name any number as a row's, and all empty ones before it are gone through."""
MAX_TIMES: Final = 100
"""How many times its size a file may unpack to; sheets of numbers come to some 20."""
_FREE_BYTES: Final = 16 * 1024**2
_HEAD_BYTES: Final = 64 * 1024
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    SyntaxError,  # what ElementTree's ParseError is
    EOFError,
    RuntimeError,
)


def rows(source: BinaryIO, sheet: str | None = None) -> Iterator[Row | Refused]:
    """The rows below the first that is not empty, of the sheet so named or of the first.

    Formulas count with the values that were saved. Raises FormatError for what is no such file or too much.
    """
    import openpyxl

    _bounded(source)
    try:
        book = openpyxl.load_workbook(source, read_only=True, data_only=True, keep_links=False)
    except _BROKEN as error:
        raise _broken(error) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise FormatError(f"There is no sheet {sheet!r}.", remedy=f"There are: {', '.join(book.sheetnames)[:500]}.")
        chosen: Any = book[sheet] if sheet is not None else next(iter(book.worksheets), None)
        if chosen is None or not hasattr(chosen, "reset_dimensions"):
            raise FormatError("There is no sheet with rows in it.")
        chosen.reset_dimensions()  # what a file says of its size, it may only say
        yield from _rows(enumerate(chosen.iter_rows(values_only=True), 1))
    except _BROKEN as error:
        raise _broken(error) from None
    finally:
        book.close()


def _rows(found: Iterator[tuple[int, tuple[Any, ...]]]) -> Iterator[Row | Refused]:
    names: list[str] = []
    for line, values in found:
        if line > MAX_ROWS:
            raise FormatError(f"The sheet has over {MAX_ROWS} rows.", remedy="Save it as CSV UTF-8 and give that.")
        texts = [_text(value) for value in values]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if not names:
            names = _names(texts)
            continue
        raw = "\t".join(texts)[:MAX_RAW]
        wrong = next(filter(None, map(fault, texts)), None)
        if wrong is not None:
            yield refused(line, *wrong, raw)
        elif len(texts) > len(names):
            yield refused(
                line, f"It has {len(texts)} fields, but the header names {len(names)}.", "Name them all.", raw
            )
        elif sum(map(len, texts)) > MAX_ROW:
            yield refused(line, f"It is longer than {MAX_ROW} characters.", "Send large parts as files.", raw)
        else:
            yield Row(line, dict(zip_longest(names, texts, fillvalue="")), raw)
    if not names:
        raise FormatError("The sheet is empty.", remedy="Name another one with the option sheet.")


def _names(texts: list[str]) -> list[str]:
    names = [text.strip() or f"column {place}" for place, text in enumerate(texts, 1)]
    if len(names) > MAX_COLUMNS:
        raise FormatError(f"The sheet has {len(names)} columns; {MAX_COLUMNS} can be read.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(f"Two columns are named {twice!r}.", remedy="Rename or remove one of them.")
    return names


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _bounded(source: BinaryIO) -> None:
    """Refuse what would unpack to too much. zipfile never unpacks more of a part than the part says."""
    source.seek(0, 2)
    size = source.tell()
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
            for part in parts[:MAX_PARTS]:
                limit = MAX_SHEET_BYTES if part.filename.startswith("xl/worksheets/") else MAX_PART_BYTES
                if part.file_size > limit:
                    raise _too_much()
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(_HEAD_BYTES):
                            raise FormatError("There is a document type in it, which no spreadsheet has.")
    except _BROKEN as error:
        raise _broken(error) from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > _FREE_BYTES + MAX_TIMES * size:
        raise _too_much()
    source.seek(0)


def _too_much() -> FormatError:
    return FormatError("This spreadsheet unpacks to too much.", remedy="Save it as CSV UTF-8 and give that.")


def _broken(error: Exception) -> FormatError:
    words = f"This is no whole XLSX file: {type(error).__name__}."
    return FormatError(words, remedy="Save it anew, or as CSV UTF-8.")
