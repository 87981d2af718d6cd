"""The beginning of a file: which kind it is, and what its columns or members are called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from ledger.connectors.reading.lines import Item, objects
from ledger.connectors.reading.tables import Row, rows
from ledger.connectors.records import Refused
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue

Kind = Literal["table", "json", "sheet"]
_ZIP: Final = b"PK\x03\x04"
_SAMPLE: Final = 5
_OLD_SHEET: Final = b"\xd0\xcf\x11\xe0"


class Entry(NamedTuple):
    """A row or object of a file of any kind: its fields by name."""

    line: int
    fields: dict[str, JsonValue]
    raw: str

    def refuse(self, reason: str, remedy: str) -> Refused:
        """This entry cannot be used."""
        return Refused(self.line, reason, remedy, self.raw)


class Glance(NamedTuple):
    """What a file begins with."""

    kind: Kind
    names: tuple[str, ...]
    sample: tuple[Entry, ...]


def glance(path: Path) -> Glance:
    """Look at the first rows. Raises FormatError for what is no table, JSON or sheet."""
    with path.open("rb") as source:
        kind = kind_of(source.read(4096))
        source.seek(0)
        sample = tuple(each for each in islice(entries(source, kind), 4 * _SAMPLE) if isinstance(each, Entry))[:_SAMPLE]
        names = dict.fromkeys(name for each in sample for name in each.fields)
        if kind == "table" and not sample:
            from ledger.connectors.reading.tables import header

            source.seek(0)
            names = dict.fromkeys(header(source))
    return Glance(kind, tuple(names), sample)


def kind_of(head: bytes) -> Kind:
    """Which kind a file is by its first bytes. Raises FormatError for what is certainly none."""
    if head.startswith(_ZIP):
        return "sheet"
    if head.startswith(_OLD_SHEET):
        raise FormatError("This is a spreadsheet of the old kind (.xls).", remedy="Save it as .xlsx or as CSV UTF-8.")
    if head.startswith(b"%PDF") or b"\0\0\0\0" in head[:64]:
        raise FormatError("This is no table.", remedy="Give CSV, TSV, JSON, JSON Lines or XLSX.")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return "json"
    return "table"


def entries(
    source: BinaryIO, kind: Kind, *, member: str | None = None, sheet: str | None = None
) -> Iterator[Entry | Refused]:
    """All rows of a file of any kind by the names of their fields. Raises FormatError as the reader of that kind."""
    if kind == "table":
        for row in rows(source):
            yield Entry(row.line, {**row.fields}, row.raw) if isinstance(row, Row) else row
    elif kind == "sheet":
        from ledger.connectors.reading.sheets import rows as sheet_rows

        for row in sheet_rows(source, sheet):
            yield Entry(row.line, {**row.fields}, row.raw) if isinstance(row, Row) else row
    else:
        for item in objects(source, member):
            if not isinstance(item, Item):
                yield item
            elif isinstance(item.value, dict):
                yield Entry(item.line, item.value, item.raw)
            else:
                yield item.refuse("It is no object with named members.", "Give objects, one a line or in an array.")
