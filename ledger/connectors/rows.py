"""What the connectors of files share: rows turned into records, and what is wrong with a row said of that row alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final, TypeVar

from ledger.connectors.reading import lines, tables
from ledger.connectors.reading.dates import moment
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import Read, Record, Refused, Skipped
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue

AT: Final = "_at"
"""The member of a content that holds when the platform says it came in; no platform names a field so."""
MAX_ID: Final = 150
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_IN_PATHS: Final = re.compile(r"[A-Za-z0-9_-]+")
_ANOTHER_EXPORT: Final = "Export the file again, with all its columns."

_Part = TypeVar("_Part", Row, Item)


def table(
    source: BinaryIO,
    columns: Iterable[str],
    record: Callable[[Row], Record | Skipped],
    delimiter: str | None = None,
) -> Iterator[Read]:
    """Each row through ``record``; a FormatError in it refuses the row. Raises FormatError without a column."""
    return of_rows(tables.rows(source, delimiter), columns, record)


def of_rows(
    rows: Iterable[Row | Refused], columns: Iterable[str], record: Callable[[Row], Record | Skipped]
) -> Iterator[Read]:
    """The same for rows that are being read already."""
    checked = False
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        if not checked:
            missing = [name for name in columns if name not in row.fields]
            if missing:
                raise FormatError(f"The table has no column {missing[0]!r}.", remedy=_ANOTHER_EXPORT)
            checked = True
        yield _tried(row, record)


def items(source: BinaryIO, record: Callable[[Item], Record | Skipped], member: str | None = None) -> Iterator[Read]:
    """The same for the values of a JSON file."""
    for item in lines.objects(source, member):
        yield item if isinstance(item, Refused) else _tried(item, record)


def _tried(part: _Part, record: Callable[[_Part], Record | Skipped]) -> Read:
    try:
        return record(part)
    except FormatError as error:
        return part.refuse(error.detail, error.remedy)


def own_id(value: object, what: str) -> str:
    """An id as the platform wrote it, a number as its digits. Raises FormatError for an empty or an overlong one."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.strip() or len(text) > MAX_ID or _CONTROL.search(text) is not None:
        raise FormatError(f"It has no {what} that can be used as an id.", remedy=_ANOTHER_EXPORT)
    return text


def path_id(value: object, what: str) -> str:
    """An id that may stand in the path of a request: it leads nowhere else. Raises FormatError."""
    text = own_id(value, what)
    if _IN_PATHS.fullmatch(text) is None:
        raise FormatError(f"The {what} has other characters than the platform's ids.", remedy="Look who sends it.")
    return text


def json_or_text(text: str) -> JsonValue:
    """A field of a table as the value that the platform wrote into it as JSON; else the text that somebody entered."""
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return lines.parse(text)
    except FormatError:
        return text


def mapping(value: object, what: str) -> dict[str, JsonValue]:
    """A JSON object. Raises FormatError for any other value."""
    if not isinstance(value, dict):
        raise FormatError(f"The {what} is no JSON object.", remedy="Give the file as the platform wrote it.")
    return value


def sequence(value: object, what: str) -> list[JsonValue]:
    """A JSON array. Raises FormatError for any other value."""
    if not isinstance(value, list):
        raise FormatError(f"The {what} is no JSON array.", remedy="Give the file as the platform wrote it.")
    return value


def prefixed(fields: Mapping[str, str], prefix: str) -> dict[str, JsonValue]:
    """The fields whose column begins with ``prefix``, by the rest of its name."""
    return {name[len(prefix) :]: value for name, value in fields.items() if name.startswith(prefix)}


def timed(content: dict[str, JsonValue], at: object, **how: Any) -> dict[str, JsonValue]:
    """The content with the platform's own time of it, where it gave one. Raises FormatError for a time that is none."""
    if AT in content:  # a field that a worker named so is no word of the platform's
        name = f"{AT}_answered"
        while name in content:
            name += "_"
        content = {**content, name: content[AT]}
        del content[AT]
    if at is None or at == "":
        return content
    return {**content, AT: moment(str(at), **how)}


def truth(text: object) -> bool | None:
    """Whether a platform says yes or no; None where it says nothing. Raises FormatError for anything else."""
    if text is None or isinstance(text, bool):
        return text
    word = str(text).strip().lower()
    if word in ("", "null", "na"):
        return None
    if word not in ("true", "false", "1", "0", "yes", "no", "t", "f"):
        raise FormatError(f"{word[:40]!r} is neither yes nor no.", remedy=_ANOTHER_EXPORT)
    return word in ("true", "1", "yes", "t")
