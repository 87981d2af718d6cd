"""What every part of the worker works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.book.fold import Book
from ledger.chain.deployments import Deployment
from ledger.chain.signers import Signer
from ledger.db import Database
from ledger.errors import UnavailableError
from ledger.log.items import Record
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import format_time
from ledger.worker.lead import Lease

_FOLD_ENTRIES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Who signs what; a role without a signer leaves its work to somebody else."""

    operator: Signer | None = None
    reporter: Signer | None = None
    relayer: Signer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are done that nobody asked for. Times in seconds."""

    anchor_interval: float
    anchor_entries: int
    settle_automatically: bool
    settle_interval: float
    mining_wait: float = 5.0
    """How long a step waits for its transaction to be mined; later steps look again."""


@dataclass(slots=True, kw_only=True)
class Context:
    """One log, its deployment, and the book that follows from its entries."""

    log: str
    deployment: Deployment
    database: Database
    reader: Reader
    writer: Writer
    lease: Lease
    signers: Signers
    pace: Pace
    now_ms: Callable[[], int]
    book: Book = field(default_factory=Book)

    @property
    def pool(self) -> tuple[int, str]:
        """Chain id and address of the pool that this worker serves."""
        return self.deployment.chain_id, self.deployment.pool

    async def follow(self) -> None:
        """Fold what was written since."""
        size = (await self.reader.head()).size
        while self.book.size < size:
            end = min(size, self.book.size + _FOLD_ENTRIES)
            for data in await self.reader.statements(self.book.size, end):
                self.book.fold_bytes(data, self.book.size)

    async def record(self, statement: AnyStatement) -> None:
        """Write a statement of the service's own, and fold it.

        Raises UnavailableError where another worker leads by now: it has written the same, and twice would be false.
        """
        await self.renew()
        await self.writer.write(Record(statement=statement))
        await self.follow()

    async def renew(self) -> None:
        """Keep the lease; raises UnavailableError where another worker has, or had, it since: our book is then old."""
        token = self.lease.token
        if not await self.lease.hold() or self.lease.token != token:
            raise UnavailableError("Another worker leads by now.", remedy="Nothing is to be done: that one goes on.")

    def timestamp(self) -> str:
        """Now, as statements carry it; the writer sets it anew."""
        return format_time(self.now_ms())
