"""Stored heads: checkpoints, which the log's key of their time must have signed, and anchored roots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.db.loading import DbRow
from ledger.db.rows import CheckpointRow
from ledger.errors import FormatError, SignatureError
from ledger.log.checking.report import Report
from ledger.log.checking.snapshot import Snapshot, same
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint
from ledger.tree.keys import VerifierKey

_ANCHORS = "SELECT size, root, chain_id FROM anchors WHERE log = :log ORDER BY size, chain_id"
_LAST = "SELECT size, note FROM checkpoints WHERE log = :log ORDER BY size DESC LIMIT 1"


class StoredAnchor(NamedTuple):
    """What of an anchor the log binds."""

    size: int
    root: object
    chain_id: int


@dataclass(slots=True)
class Stored:
    """What is stored about the head of one size."""

    size: int
    checkpoint: CheckpointRow | None = None
    anchors: list[StoredAnchor] = field(default_factory=list)


class Heads:
    """Gives the stored heads in the order of their sizes and checks each against the tree's root there."""

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._checkpoints = report.check("checkpoints", "Every head is signed by the log's key, over these entries")
        self._anchored = report.check("anchors", "Every anchored root is that of these entries")
        self._anchors: list[StoredAnchor] = []
        self._stream: AsyncIterator[DbRow] | None = None
        self._next: CheckpointRow | None = None
        self._count = 0
        self._keys: dict[str, VerifierKey] = {}
        self.last: CheckpointRow | None = None
        """The one of the greatest size."""

    async def begin(self) -> None:
        """Read the anchors and the first checkpoint."""
        found = [StoredAnchor(*row) for row in await self._snapshot.all(_ANCHORS)]
        self._anchored.evidence = f"anchors: {len(found)}"
        self._anchors = [anchor for anchor in found if type(anchor.size) is int]
        for anchor in found:
            if type(anchor.size) is not int:
                what = f"An anchor on chain {anchor.chain_id} has {anchor.size!r} as its size, which is no number."
                self._anchored.error(what, table="anchors", column="size")
        self.last = next((CheckpointRow(*row) for row in await self._snapshot.all(_LAST)), None)
        self._stream = self._snapshot.stream("checkpoints", CheckpointRow._fields, "size")
        await self._read()

    async def up_to(self, size: int) -> list[Stored]:
        """The heads of sizes up to ``size`` that were not given yet, in order."""
        found: dict[int, Stored] = {}
        while self._next is not None and self._next.size <= size:
            found.setdefault(self._next.size, Stored(self._next.size)).checkpoint = self._next
            await self._read()
        while self._anchors and self._anchors[0].size <= size:
            anchor = self._anchors.pop(0)
            found.setdefault(anchor.size, Stored(anchor.size)).anchors.append(anchor)
        return [found[each] for each in sorted(found)]

    def check(self, stored: Stored, root: bytes | None, keys: Sequence[tuple[int, str]]) -> None:
        """Check what is stored of a size; ``keys`` are the log's keys with the entries that put them in force.

        Without ``root``, which cannot be made then, only signature and size.
        """
        if stored.checkpoint is not None:
            self._count += 1
            why = self.fault(stored.checkpoint.note, stored.size, root, keys)
            if why is not None:
                self._wrong(stored.checkpoint, f"The checkpoint of size {stored.size}: {why}")
        for anchor in stored.anchors:
            if root is not None and not same(anchor.root, root):
                self._anchored.error(
                    f"The root anchored at size {stored.size} on chain {anchor.chain_id} is not that of the entries.",
                    entry=stored.size - 1,
                    table="anchors",
                    column="root",
                )

    def fault(self, note: object, size: int, root: bytes | None, keys: Sequence[tuple[int, str]]) -> str | None:
        """What is wrong with a signed head of ``size``; None where nothing is."""
        if not isinstance(note, str):
            return "it is no text."
        try:
            checkpoint = open_checkpoint(as_bytes(note), [self._key_at(size, keys)], only=True)
        except (FormatError, SignatureError) as error:
            return error.detail
        if checkpoint.size != size:
            return f"it is signed for {checkpoint.size} entries."
        return None if root in (None, checkpoint.root) else "the entries lead to another root than it signs."

    async def end(self, size: int) -> None:
        """No head is beyond the log, none stands before its first entry, and the last one is the log's."""
        self._checkpoints.evidence = f"checkpoints: {self._count}"
        for stored in await self.up_to(2**63):
            where = f"of size {stored.size}, outside the log of {size} entries."
            if stored.checkpoint is not None:
                self._wrong(stored.checkpoint, f"There is a checkpoint {where}")
            for anchor in stored.anchors:
                what = f"There is an anchor on chain {anchor.chain_id} {where}"
                self._anchored.error(what, entry=size - 1, table="anchors", column="size")
        if size and (self.last is None or self.last.size < size):
            self._checkpoints.error(f"The checkpoint of size {size} is missing.", entry=size - 1, table="checkpoints")

    def _wrong(self, row: CheckpointRow, what: str) -> None:
        """A checkpoint is of the entry that its text names, while that can be read."""
        said = claimed(row.note)
        size, column = (row.size, "note") if said is None or said.size == row.size else (said.size, "size")
        self._checkpoints.error(what, entry=size - 1, table="checkpoints", column=column)

    async def _read(self) -> None:
        assert self._stream is not None
        row = await anext(self._stream, None)
        self._next = None if row is None else CheckpointRow(*row)

    def _key_at(self, size: int, keys: Sequence[tuple[int, str]]) -> VerifierKey:
        """The key in force. Raises SignatureError where the entries name none."""
        vkey = next((vkey for entry, vkey in reversed(keys) if entry < size), None)
        if vkey is None:
            raise SignatureError("The entries name no key that could have signed it.")
        if vkey not in self._keys:
            self._keys[vkey] = VerifierKey.parse(vkey)
        return self._keys[vkey]


def claimed(note: object) -> Checkpoint | None:
    """The head that a note names, whoever signed it; None where it names none."""
    try:
        return Checkpoint.parse(UnverifiedNote.parse(as_bytes(note)).text) if isinstance(note, str) else None
    except FormatError:
        return None


def as_bytes(text: str) -> bytes:
    """A text's bytes as they are stored, damaged ones included."""
    return text.encode(errors="surrogateescape")
