"""Gold answers and tasks as files: a table ``task,label``, or a JSON object by task."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.cli.files import read_file
from ledger.errors import FormatError

if TYPE_CHECKING:
    from ledger.statements.canonical import JsonValue

MAX_BYTES = 64 * 1024 * 1024
_HEADER = ["task", "label"]
_REMEDY = "Write a table with the header 'task,label', or a JSON object of task and label."


def read_gold(path: Path) -> dict[str, str]:
    """Task (the platform's own id or the public one) -> the answer that is right.

    Labels that are not text count as their canonical JSON, as contents' do. Raises FormatError that names the line.
    """
    from ledger.consensus.answers import label_of

    text = _text(path)
    if text.lstrip().startswith("{"):
        return {task: label_of(label) for task, label in _object(path, text).items()}
    found: dict[str, str] = {}
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if header != _HEADER:
            raise FormatError(f"{path}, line 1: the header is {','.join(header)!r}.", remedy=_REMEDY)
        for row in rows:
            if not row:
                continue
            values = [value.strip() for value in row]
            if len(values) != len(_HEADER) or not all(values):
                raise FormatError(f"{path}, line {rows.line_num}: it needs a task and a label.", remedy=_REMEDY)
            if found.setdefault(values[0], values[1]) != values[1]:
                raise FormatError(
                    f"{path}, line {rows.line_num}: the task {values[0]!r} has another answer above.",
                    remedy="Keep the right one.",
                )
    except csv.Error as error:
        raise FormatError(f"{path}, line {rows.line_num}: {error}.", remedy=_REMEDY) from None
    if not found:
        raise FormatError(f"{path} holds no known answer.", remedy=_REMEDY)
    return found


def read_tasks(path: Path) -> dict[str, JsonValue]:
    """Task -> its content, as a judge is shown it. Raises FormatError."""
    return _object(path, _text(path))


def _text(path: Path) -> str:
    try:
        return read_file(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(f"{path} is not UTF-8.", remedy="Save it as UTF-8.") from None


def _object(path: Path, text: str) -> dict[str, Any]:
    import msgspec

    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON object: {error}.", remedy='Write {"task": value, ...}.') from None
