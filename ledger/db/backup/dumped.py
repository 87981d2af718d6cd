"""The data in a dump of PostgreSQL, as pg_restore writes them: COPY in text format, a row a line.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from ledger.db.backup.heads import SavedLog, saved_log
from ledger.errors import DatabaseError

_COPY: Final = re.compile(rb"COPY public\.(\w+) \((.*)\) FROM stdin;\n")
_END: Final = b"\\.\n"
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_MEANS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Dumped:
    """Reads all data; keeps the heads, and counts the entries."""

    def __init__(self) -> None:
        self._heads: list[dict[str, str]] = []
        self._entries: Counter[str] = Counter()
        self._tables: set[str] = set()

    def read(self, lines: Iterable[bytes]) -> None:
        """Read to the end."""
        table, columns = "", list[str]()
        for line in lines:
            if not table:
                begun = _COPY.fullmatch(line)
                if begun is not None:
                    table = begun[1].decode()
                    columns = [each.strip('"') for each in begun[2].decode().split(", ")]
                    self._tables.add(table)
            elif line == _END:
                table = ""
            elif table == "logs":
                self._heads.append(dict(zip(columns, _values(line), strict=True)))
            elif table == "entries":
                self._entries[_text(line.split(b"\t")[columns.index("log")].decode())] += 1

    def logs(self) -> list[SavedLog]:
        """The logs by name. Raises DatabaseError where the dump is of something else, and as ``saved_log``."""
        if not {"logs", "entries"} <= self._tables:
            raise DatabaseError("The backup holds no log.", remedy="Give a backup of CrowdLedger's own database.")
        return sorted(map(self._log, self._heads), key=lambda log: log.name)

    def _log(self, row: dict[str, str]) -> SavedLog:
        compact = bytes.fromhex(row["compact"].removeprefix("\\x"))
        said = (row["name"], row["origin"], row["vkey"], int(row["size"]), compact, row["note"])
        return saved_log(*said, self._entries[row["name"]])


def _values(line: bytes) -> list[str]:
    return [_text(each) for each in line.decode().removesuffix("\n").split("\t")]


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: _MEANS.get(found[1], found[1]), value)
