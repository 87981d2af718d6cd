"""The log's own rows: entries, tiles, checkpoints, anchored roots and the head, each against the statements.

Of an entry's hash there are two copies beside the statement, in its row and in a tile: what two of the three say holds,
so that one damaged byte is named where it is. In the last, partial tile a signed root decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from ledger.db.rows import EntryRow, TileRow
from ledger.errors import FormatError, RuleError
from ledger.log.checking.heads import Heads, claimed
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import Report
from ledger.log.checking.snapshot import Snapshot, raw_bytes, same
from ledger.log.checking.tree_rows import TreeRows
from ledger.statements import kinds
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogKeyRotated, LogOpened
from ledger.statements.values import time_ms
from ledger.tree.merkle import HASH_SIZE, leaf_hash
from ledger.tree.tiles import FULL_WIDTH, decode_tile

Progress = Callable[[int, int], None]
_COLUMNS = EntryRow._fields
_MOST_MISSING = 1 << 20
_KEYS = {str(kind.__struct_config__.tag) for kind in (LogOpened, LogKeyRotated)}


class HeadRow(NamedTuple):
    """The log's row, raw."""

    origin: Any
    vkey: Any
    size: Any
    at_ms: Any
    compact: Any
    note: Any


async def read_blocks(snapshot: Snapshot) -> AsyncIterator[tuple[int, list[EntryRow]]]:
    """The entries in blocks as tiles hold them: (n, rows); blocks without any row are left out."""
    number, block = 0, list[EntryRow]()
    async for row in snapshot.stream("entries", _COLUMNS, "entry_index"):
        entry = EntryRow(*row)
        if block and entry.entry_index // FULL_WIDTH != number:
            yield number, block
            block = []
        number = entry.entry_index // FULL_WIDTH
        block.append(entry)
    if block:
        yield number, block


class LogRows:
    """One pass over the entries, which takes their statements too (``replay``)."""

    def __init__(self, snapshot: Snapshot, report: Report, progress: Progress | None) -> None:
        self._snapshot = snapshot
        self._progress = progress
        self._entries = report.check("entries", "Every entry is a statement and hashes to its leaf")
        self._columns = report.check("columns", "The columns beside a statement say what it says")
        self._tree = TreeRows(snapshot, report.check("tiles", "The stored tiles are those of the entries"))
        self._heads = Heads(snapshot, report)
        self._head = report.check("head", "The log's row is that of its last entry")
        self._report = report
        self._size = 0
        self._at_ms = 0
        self._sound = True
        self._lost = False
        """Whether the hash of an entry is nowhere: roots from there on cannot be made."""
        self._keys: list[tuple[int, str]] = []
        """The log's keys, with the entries that put them in force."""
        self.replay = Replay()

    @property
    def sound(self) -> bool:
        """Whether every statement is what was written: only then views can be compared with them."""
        return self._sound

    async def check(self, head: HeadRow) -> None:
        """Check everything; what is wrong is in the report."""
        await self._heads.begin()
        self._size = await self._common_size(head)
        done = 0
        async for number, rows in read_blocks(self._snapshot):
            here = min(max(number, done), -(-self._size // FULL_WIDTH))
            for missing in range(done, here):
                await self._block(missing, [], head)
            if number == here and here * FULL_WIDTH < self._size:
                await self._block(number, rows, head)
                here += 1
            else:
                self._extra(rows)
            done = here
        for missing in range(done, -(-self._size // FULL_WIDTH)):
            await self._block(missing, [], head)
        await self._tree.end()
        await self._heads.end(self._size)
        self._entries.evidence = f"entries: {self._size}"
        self._check_head(head)

    async def _common_size(self, head: HeadRow) -> int:
        """The log's size is kept three times: what two say holds, so that one damaged number is named."""
        sql = "SELECT MAX(entry_index), COUNT(*) FROM entries WHERE log = :log"
        ((last, count),) = await self._snapshot.all(sql)
        if type(last) not in (int, type(None)):
            raise FormatError(f"A row of entries has {last!r} as entry_index, which is no number.")
        rows = 0 if last is None else int(last) + 1
        said = [rows, head.size, self._heads.last.size if self._heads.last else 0]
        size, times = Counter(each for each in said if isinstance(each, int) and each >= 0).most_common(1)[0]
        # Each missing entry is looked for: a damaged number must not be able to ask for more than can be.
        return min(size if times > 1 else rows, int(count) + _MOST_MISSING)

    def _extra(self, rows: Sequence[EntryRow]) -> None:
        for row in rows:
            self._entries.error(
                f"There is an entry {row.entry_index}, outside the log of {self._size} entries.",
                entry=row.entry_index,
                table="entries",
                column="entry_index",
            )

    # ---- a block ----

    async def _block(self, number: int, rows: Sequence[EntryRow], head: HeadRow) -> None:
        begin, end = number * FULL_WIDTH, min((number + 1) * FULL_WIDTH, self._size)
        self._extra([row for row in rows if row.entry_index >= end])
        present = {row.entry_index: row for row in rows}
        tile = await self._tree.stored(0, number) if end - begin == FULL_WIDTH else None
        hashes = _hashes(tile)
        if not hashes:
            hashes = self._tail([present.get(index) for index in range(begin, end)], head)
        leaves = []
        for index in range(begin, end):
            row = present.get(index)
            leaves.append(self._leaf(index, row, hashes[index - begin]))
            if row is not None:
                self._take(row)
        at, root = begin, self._tree.compact.root()
        for stored in await self._heads.up_to(end):
            root = self._tree.grow(leaves[at - begin : stored.size - begin]) if stored.size > at else root
            at = max(at, stored.size)
            self._heads.check(stored, None if self._lost else root, self._keys or [(-1, head.vkey)])
        self._tree.grow(leaves[at - begin :])
        await self._tree.fill(0, leaves)
        if self._progress is not None:
            self._progress(end, self._size)

    def _tail(self, rows: Sequence[EntryRow | None], head: HeadRow) -> list[bytes | None]:
        """What stands for a tile where there is none: the statements' hashes, if they lead to the log's root.

        Otherwise the stored hashes do, or who knows: then it is said of each that differs that it is damaged.
        """
        made = [leaf_hash(raw_bytes(row.statement)) if row else bytes(HASH_SIZE) for row in rows]
        if all(row is not None and raw_bytes(row.leaf_hash) == leaf for row, leaf in zip(rows, made, strict=True)):
            return list(made)
        notes = [head.note, *([self._heads.last.note] if self._heads.last else [])]
        roots = [said.root for note in notes if (said := claimed(note)) is not None]
        if self._tree.compact.append_many(made)[0].root() in roots:
            return list(made)
        return [None] * len(rows)

    def _leaf(self, index: int, row: EntryRow | None, third: bytes | None) -> bytes:
        """An entry's hash as at least two of statement, row and tile say it."""
        if row is None:
            self._sound = False
            self._lost = self._lost or third is None
            self._entries.error(f"Entry {index} is missing.", entry=index, table="entries")
            return third or bytes(HASH_SIZE)
        made, kept = leaf_hash(raw_bytes(row.statement)), raw_bytes(row.leaf_hash)
        if kept == made:
            return made
        column = "leaf_hash" if made == third else "statement"
        self._sound = self._sound and made == third
        self._entries.error(
            f"Entry {index}: its statement does not have the hash that is stored"
            + ("; the statement is right." if made == third else "."),
            entry=index,
            table="entries",
            column=column,
        )
        return made if made == third or len(kept) != HASH_SIZE else kept

    def _take(self, row: EntryRow) -> None:
        """Take a statement and compare its columns; beyond a damaged one only the log's keys are of interest."""
        if not self._sound and row.kind not in _KEYS:
            return
        try:
            statement = kinds.parse(raw_bytes(row.statement))
        except FormatError as error:
            self._broken(row, error.detail)
            return
        if isinstance(statement, LogOpened | LogKeyRotated):
            self._keys.append((row.entry_index, statement.key))
        if not self._sound:
            return
        try:
            self.replay.take(statement, row.entry_index)
        except RuleError as error:
            self._broken(row, f"It breaks the rule {error.rule}: {error.detail}")
            return
        self._compare(row, statement)

    def _broken(self, row: EntryRow, why: str) -> None:
        if self._sound:  # else it may be what the damaged one before led to
            self._entries.error(why, entry=row.entry_index, table="entries", column="statement")
        self._sound = False

    def _compare(self, row: EntryRow, statement: AnyStatement) -> None:
        """The columns beside a statement."""
        index = row.entry_index
        at_ms = time_ms(statement.at)
        if at_ms < self._at_ms:
            self._entries.error("Its time is before that of the entry before.", entry=index, table="entries")
        self._at_ms = at_ms
        kind = str(statement.__struct_config__.tag)
        for column, said in {"kind": kind, "at_ms": at_ms, "subject": self.replay.subject(statement)}.items():
            found = getattr(row, column)
            if not same(found, said):
                self._columns.error(
                    f"Entry {index}: {column} is {found!r}, its statement says {said!r}.",
                    entry=index,
                    table="entries",
                    column=column,
                )

    # ---- the head ----

    def _check_head(self, head: HeadRow) -> None:
        keys = self._keys
        tree = self._tree.compact
        expected: dict[str, object] = {"size": tree.size}
        if not self._lost:
            expected["compact"] = tree.encode()
        if self.sound and keys:
            origin = self.replay.loaded.facts.origin
            expected |= {"origin": origin, "vkey": keys[-1][1], "at_ms": self._at_ms}
        for column, value in expected.items():
            if not same(getattr(head, column), value):
                self._head.error(
                    f"{column} is not that of the last entry.", entry=tree.size - 1, table="logs", column=column
                )
        root = None if self._lost else tree.root()
        why = self._heads.fault(head.note, tree.size, root, keys or [(-1, head.vkey)])
        if why is not None:
            self._head.error(f"The head's checkpoint: {why}", entry=tree.size - 1, table="logs", column="note")
        self._head.evidence = f"size {tree.size}"
        self._report.origin = self.replay.loaded.facts.origin
        self._report.entries, self._report.root = tree.size, "" if root is None else root.hex()


def _hashes(tile: TileRow | None) -> list[bytes | None]:
    """The hashes of a stored tile; none where it is not one of 256 hashes."""
    try:
        hashes = decode_tile(raw_bytes(tile.hashes)) if tile is not None else []
    except FormatError:
        return []
    return list(hashes) if len(hashes) == FULL_WIDTH else []
