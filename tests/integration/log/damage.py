"""One bit of one value turned over, and which entry that is about."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.db import tables
from ledger.log.checking.unbound import UNBOUND

Value = str | int | bytes
Row = dict[str, Any]
OF_NO_ENTRY = frozenset(
    {"claims", "claim_requests", "requests", "leases", "chain_cursor", "files", "sessions", "sign_in_links"}
    | {"transactions", "nonces", "costs", "worker_reports", "audits", "settlement_shares", "imports", "repeats"}
    | {"key_uses", "restored", "members"}
    | {"hooks", "deliveries", "refusals"}
    | {"events", "event_cursors", "payments", "endpoints", "sendings"}
)
"""Tables whose rows are about no entry."""


@dataclass
class Sound:
    """A sound database: its file, its rows by table, and the entries that its log has."""

    file: Path
    log: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path, log: str) -> Sound:
        """Read all rows."""
        sound = cls(file, log)
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.row_factory = sqlite3.Row
            for name in tables.metadata.tables:
                sound.rows[name] = [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
        entries = sorted(sound.rows["entries"], key=lambda row: row["entry_index"])
        sound.entries = [json.loads(row["statement"]) for row in entries]
        return sound

    def places(self) -> Iterator[tuple[str, int, str]]:
        """Every (table, number of the row, column) whose damage must be found."""
        for table, rows in self.rows.items():
            free = UNBOUND.get(table, ((), ""))[0]
            for number, row in enumerate(rows):
                for column, value in row.items():
                    if value is not None and column not in free:
                        yield table, number, column

    def entry_of(self, table: str, row: Row, column: str, byte: int) -> int | None:
        """The entry that a damaged value is about; None where no one entry can be named."""
        last = len(self.entries) - 1
        match table:
            case "logs":
                return None if column == "name" else last
            case "tiles":
                width = 256 ** int(row["level"])
                first = int(row["n"]) * 256 * width
                return first + (byte // 32) * width if column == "hashes" else first
            case "checkpoints":
                return int(row["size"]) - 1
            case "anchors":
                return int(row["size"]) - 1 if column == "root" else None
            case "settlements" | "settlement_accounts":
                kind, number = "rewards.settled", row["number"]
                return next(i for i, e in enumerate(self.entries) if (e["kind"], e.get("number")) == (kind, number))
            case "contributors":
                people = ("contributor", "reviewer")
                return next(i for i, each in enumerate(self.entries) if row["id"] in (each.get(n) for n in people))
            case "api_keys":
                return next(i for i, e in enumerate(self.entries) if row["id"] in (k["id"] for k in e.get("keys", ())))
            case "contents":
                return self._carrier(row)
            case _:
                return None if table in OF_NO_ENTRY else int(row["entry_index"])

    def _carrier(self, row: Row) -> int:
        """The entry that carries the commitment of an opening."""
        resolved = row["kind"] == "feedback"
        return next(
            index
            for index, each in enumerate(self.entries)
            if (each.get("id") == row["subject"]
            and (each["kind"] != "appeal.filed" or row["kind"] == "appeal"))
            or (resolved and each["kind"] == "appeal.resolved" and each["appeal"] == row["subject"])
        )  # fmt: skip

    def flipped(self, target: Path, table: str, number: int, column: str, bit: int) -> tuple[Path, int | None]:
        """A copy in which one bit of a value is turned over, and the entry that this is about."""
        shutil.copy(self.file, target)
        row = self.rows[table][number]
        value, byte = flip(row[column], bit)
        keys = list(row)
        same = " AND ".join(f'"{name}" IS ?' for name in keys)
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            cast = "CAST(? AS TEXT)" if isinstance(row[column], str) else "?"
            sql = f'UPDATE {table} SET "{column}" = {cast} WHERE {same}'
            changed = connection.execute(sql, (value, *row.values())).rowcount
            assert changed == 1
        return target, self.entry_of(table, row, column, byte)


def flip(value: Value, bit: int) -> tuple[int | bytes, int]:
    """The value with one of its bits turned over (texts as bytes), and the byte that this is in."""
    if isinstance(value, int):
        return value ^ (1 << bit % 62), 0
    data = bytearray(value.encode() if isinstance(value, str) else value)
    byte, place = divmod(bit % (8 * len(data)), 8)
    data[byte] ^= 1 << place
    return bytes(data), byte
