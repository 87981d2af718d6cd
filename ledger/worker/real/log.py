"""Our log in its database, with the writer that every statement goes through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import select

from ledger.db import Database
from ledger.db.postgres import FAILURES
from ledger.db.tables import contents
from ledger.errors import DatabaseError, LogDivergedError
from ledger.log.items import EraseContent, Fence, Record
from ledger.log.reader import Head, Reader
from ledger.log.signed_heads import SignedHeads, key_in_force
from ledger.log.writer import Writer
from ledger.statements.contents import Purpose
from ledger.statements.kinds import AnyStatement
from ledger.tree.checkpoints import Checkpoint
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey

_KEPT_TILES: Final = 32
"""The worker proves from one head to the next, along the tree's right edge; nobody asks it for what is old."""


class WriterLog:
    """``ports.Log``. Raises DatabaseError where the database fails."""

    def __init__(self, database: Database, log: str, writer: Writer, key: VerifierKey) -> None:
        """``key`` is the log's as its key file has it: one that is rotated later must be endorsed by it."""
        self._database = database
        self._log = log
        self._reader = Reader(database, log, _KEPT_TILES)
        self._writer = writer
        self._key = key
        self._heads = SignedHeads()

    async def size(self) -> int:
        """See ``ports.Log``."""
        with _reading():
            return (await self._reader.head()).size

    async def signed_head(self) -> Checkpoint:
        """See ``ports.Log``."""
        with _reading():
            head = await self._reader.head()
            if head.vkey != self._key.vkey:
                self._key = await self._key_of(head)
        self._heads.check_note(head.origin, head.compact, head.checkpoint, self._key)
        self._heads.committed(head.size)
        return Checkpoint(head.origin, head.size, head.compact.root())

    async def _key_of(self, head: Head) -> VerifierKey:
        """The key that ours leads to at a head: it was rotated while we run, or somebody changed the row."""
        keys = (await self._reader.keys_up_to(head.origin, head.vkey)).up_to(head.size)
        rotations = [data for entry, _ in keys.keys for data in await self._reader.statements(entry, entry + 1)]
        return key_in_force(self._key, rotations)

    async def statements(self, begin: int, end: int) -> list[bytes]:
        """See ``ports.Log``."""
        with _reading():
            return await self._reader.statements(begin, end)

    async def root_at(self, size: int) -> bytes:
        """See ``ports.Log``."""
        with _reading():
            return await self._reader.root_at(size)

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """See ``ports.Log``."""
        with _reading():
            return await self._reader.consistency(old, new)

    async def keys(self) -> KeyChain:
        """See ``ports.Log``."""
        with _reading():
            return await self._reader.log_keys()

    async def record(self, statement: AnyStatement, fence: Fence) -> None:
        """See ``ports.Log``."""
        await self._writer.write(Record(statement=statement, fence=fence))

    async def old_contents(self, purpose: Purpose, after: str, until: str, limit: int) -> Sequence[tuple[str, str]]:
        """See ``ports.Log``."""
        query = (
            select(contents.c.subject, contents.c.platform)
            .where(contents.c.log == self._log, contents.c.kind == purpose)
            .where(contents.c.subject > after, contents.c.subject < until)
            .order_by(contents.c.subject)
            .limit(limit)
        )
        with _reading():
            async with self._database.engine.connect() as connection:
                return [(row.subject, row.platform) for row in await connection.execute(query)]

    async def erase(self, items: Sequence[EraseContent]) -> None:
        """See ``ports.Log``."""
        await self._writer.write_many(items)

    def confirm_time(self, confirmed_ms: int) -> None:
        """See ``ports.Log``."""
        self._writer.confirm_time(confirmed_ms)

    def allow_writes(self) -> None:
        """See ``ports.Log``."""
        self._writer.allow_writes()

    def stop_writes(self, error: LogDivergedError) -> None:
        """See ``ports.Log``."""
        self._writer.stop_writes(error)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        # The name only: its text can hold the database's URL and rows.
        raise DatabaseError(f"The log cannot be read: {type(error).__name__}.") from error
