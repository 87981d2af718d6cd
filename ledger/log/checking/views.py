"""The views: every row is made again from its entry and compared, in both directions.

A table's rows come in the order of the entries that made them, beside the entries themselves, so nothing is held but
what later entries change. A text of which the log has the digest only is compared with that.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from ledger.db import tables
from ledger.db.loading import DbRow
from ledger.db.rows import (
    TABLES,
    AmendmentRow,
    AppealRow,
    CampaignRow,
    ContributionRow,
    DecisionRow,
    EntryRow,
    ErasureRow,
    FeedbackRow,
    FundsRow,
    MandateRow,
    NoticeRow,
    OpenedContentRow,
    PlatformRow,
    ResultRow,
    ReviewRow,
    Row,
    TaskRow,
    WalletLinkRow,
)
from ledger.log.checking.checksums import expected_checksum
from ledger.log.checking.heads import as_bytes
from ledger.log.checking.remade import without_private
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import MAX_FINDINGS_A_CHECK, Check
from ledger.log.checking.restored import Restored
from ledger.log.checking.snapshot import Snapshot, same
from ledger.statements.campaigns import CampaignAmended, CampaignNotice, CampaignOpened
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import time_ms

_KINDS: Final = (
    *(PlatformRow, CampaignRow, AmendmentRow, NoticeRow, TaskRow, ContributionRow, ReviewRow, DecisionRow, AppealRow),
    *(FeedbackRow, ResultRow, MandateRow, ErasureRow, OpenedContentRow, WalletLinkRow),
)
VIEWS: Final = {TABLES[kind]: kind._fields for kind in _KINDS}
"""Tables that are rebuilt from the log, and their columns after ``log``."""
_KEYS: Final = {
    table: [column.name for column in tables.metadata.tables[table].primary_key if column.name != "log"]
    for table in VIEWS
}
_NOT_IN_THE_LOG: Final = frozenset({("campaigns", "title"), ("results", "public"), ("mandates", "digest")})
"""Columns of views that no statement says; the row's checksum is of them."""
_TEXTS: Final = frozenset(
    {("campaigns", "brief"), ("campaigns", "terms"), ("amendments", "brief"), ("amendments", "terms")}
    | {("notices", "text")}
)
"""Columns of which the statement has the digest."""


class RowsByEntry:
    """The rows of a table by the entry that made them; rows of entries that nobody asked for are ``strays``."""

    def __init__(self, stream: AsyncIterator[DbRow], columns: Sequence[str]) -> None:
        self._stream = stream
        self._place = columns.index("entry_index")
        self._next: DbRow | None = None
        self.strays: list[DbRow] = []
        """No more than are worth naming."""

    async def begin(self) -> None:
        """Read the first row."""
        self._next = await anext(self._stream, None)

    async def of(self, entry: int) -> list[DbRow]:
        """The rows of an entry; ask in ascending order."""
        found = []
        while self._next is not None and self._next[self._place] <= entry:
            if self._next[self._place] == entry:
                found.append(self._next)
            else:
                self.stray(self._next)
            self._next = await anext(self._stream, None)
        return found

    async def end(self) -> None:
        """What is left belongs to no entry."""
        while self._next is not None:
            self.stray(self._next)
            self._next = await anext(self._stream, None)

    def stray(self, row: DbRow) -> None:
        """A row that its entry does not make."""
        if len(self.strays) < MAX_FINDINGS_A_CHECK:
            self.strays.append(row)


class Views:
    """All views of one log, beside its entries; ``end`` names what is too much."""

    def __init__(self, snapshot: Snapshot, check: Check, replay: Replay, restored: Restored) -> None:
        self._snapshot = snapshot
        self._check = check
        self._replay = replay
        self._restored = restored
        self._tables: dict[str, RowsByEntry] = {}
        self._compared = 0

    async def begin(self) -> None:
        """Read the first row of each table."""
        for table, columns in VIEWS.items():
            self._tables[table] = RowsByEntry(self._snapshot.stream(table, columns, "entry_index"), columns)
            await self._tables[table].begin()

    async def take(self, entry: EntryRow, statement: AnyStatement) -> None:
        """Compare the rows that the next entry makes."""
        entry = entry._replace(at_ms=time_ms(statement.at))  # the column may be damaged
        made = self._replay.rows(statement, entry, without_private(statement))
        for kind, rows in made.new.items():
            table = TABLES[kind]
            for row in rows:
                self._compare(table, row, await self._tables[table].of(entry.entry_index), entry, statement)

    async def end(self) -> None:
        """Compare what is left."""
        for table, rows in self._tables.items():
            await rows.end()
            for row in rows.strays:
                entry = row[VIEWS[table].index("entry_index")]
                self._check.error(
                    f"A row of {table} says it is of entry {entry}, which makes none like it.", entry=entry, table=table
                )
        await self._compare_funds()
        self._check.evidence = f"rows: {self._compared}, tables: {len(VIEWS) + 1}"

    def _compare(self, table: str, made: Row, found: list[DbRow], entry: EntryRow, statement: AnyStatement) -> None:
        columns = VIEWS[table]
        expected = dict(zip(columns, made, strict=True))
        key = _KEYS[table]
        expected |= self._replay.changes.get((table, *(str(expected[name]) for name in key)), {})
        if not found:
            self._check.error(
                f"The row of {table} that entry {entry.entry_index} makes is missing.",
                entry=entry.entry_index,
                table=table,
            )
            return
        found.sort(key=lambda row: any(row[columns.index(name)] != expected[name] for name in key))
        for row in found[1:]:
            self._tables[table].stray(row)
        self._compared += 1
        if "checksum" in expected:
            expected["checksum"] = expected_checksum(table, dict(zip(columns, found[0], strict=True)))
        for (column, value), stored in zip(expected.items(), found[0], strict=True):
            if (table, column) in _NOT_IN_THE_LOG:
                continue
            if (table, column) in _TEXTS:
                right = _digest(stored) == _digest_of(statement, column)
                right = right or self._restored.lost_text(stored, entry.entry_index)
            else:
                right = same(stored, value)
            if not right:
                self._check.error(
                    f"{table}.{column} is not what entry {entry.entry_index} and those after it say.",
                    entry=entry.entry_index,
                    table=table,
                    column=column,
                )

    async def _compare_funds(self) -> None:
        """The last record of each campaign."""
        columns = FundsRow._fields
        sql = f"SELECT {', '.join(columns)} FROM campaign_funds WHERE log = :log"  # noqa: S608 - our names
        stored = {row[0]: row for row in await self._snapshot.all(sql)}
        for campaign, expected in self._replay.funds.items():
            found = stored.pop(campaign, None)
            self._compared += 1
            wrong = [name for name, one, two in zip(columns, found or (), expected, strict=False) if not same(one, two)]
            if found is None or wrong:
                column = wrong[0] if wrong else "campaign"
                self._check.error(
                    f"campaign_funds.{column} is not what the last campaign.funded says.",
                    entry=expected.entry_index,
                    table="campaign_funds",
                    column=column,
                )
        for row in stored.values():
            self._check.error(
                "A row of campaign_funds is of a campaign that was never funded.", entry=row[-1], table="campaign_funds"
            )


def _digest(text: object) -> object:
    """The digest of a text; what is no text is its own, and none that a statement has, unless there is nothing."""
    return hashlib.sha256(as_bytes(text)).hexdigest() if isinstance(text, str) else text


def _digest_of(statement: AnyStatement, column: str) -> str | None:
    match statement:
        case CampaignOpened() | CampaignAmended():
            return statement.brief if column == "brief" else statement.terms
        case CampaignNotice():
            return statement.text
        case _:
            raise ValueError(f"No text of a {type(statement).__name__} is kept.")
