"""What every part of the worker works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.book.fold import Book
from ledger.chain.deployments import Deployment
from ledger.chain.fees import FeePolicy
from ledger.chain.signers import Signer
from ledger.errors import UnavailableError
from ledger.log.items import Fence
from ledger.log.signed_heads import altered
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import format_time
from ledger.tree.growth import CompactRange, Growth
from ledger.tree.merkle import hash_entries
from ledger.worker.ports import Chain, Clock, Log, Rows, Signing, Work

_FOLD_ENTRIES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Who signs what; a role without a signer leaves its work to somebody else."""

    operator: Signer | None = None
    reporter: Signer | None = None
    relayer: Signer | None = None

    def by_role(self) -> dict[str, Signer]:
        """Those that there are."""
        roles = {"operator": self.operator, "reporter": self.reporter, "relayer": self.relayer}
        return {role: signer for role, signer in roles.items() if signer is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are done that nobody asked for, and how much of them. Times in seconds, fees in wei a gas."""

    anchor_interval: float
    anchor_entries: int
    settle_automatically: bool
    settle_interval: float
    anchor_max_age: float = 86_400.0
    """The promise: an entry that waits for longer is anchored whatever it costs, up to the cap."""
    anchor_ceiling: int | None = None
    """Until then it waits while gas costs more than this."""
    relay_claims_per_day: int = 24
    """Transactions that one account's claims may cost us."""
    relay_batch: int = 100
    low_balance: int = 10**16
    """Wei below which an account that we sign with is spoken of."""
    lease_seconds: float = 15.0
    mining_wait: float = 5.0
    """How long a step waits for its transaction to be mined; later steps look again."""


@dataclass(slots=True, kw_only=True)
class Context:
    """One log, its deployment, what the worker stands on, and the book that follows from the log's entries."""

    log: str
    deployment: Deployment
    chain: Chain
    rows: Rows
    entries: Log
    signing: Signing
    clock: Clock
    work: Work
    signers: Signers
    pace: Pace
    fees: FeePolicy
    holder: str
    """The name of this worker among workers."""
    token: int = 0
    """Of the lease; 0 while we do not lead."""
    lease_until_ms: int = 0
    book: Book = field(default_factory=Book)
    folded: CompactRange = field(default_factory=CompactRange)
    """The tree of the entries as the book folded them, byte for byte."""

    @property
    def pool(self) -> tuple[int, str]:
        """Chain id and address of the pool that this worker serves."""
        return self.deployment.chain_id, self.deployment.pool

    @property
    def fence(self) -> Fence:
        """What is written under our lease carries it."""
        return Fence(holder=self.holder, token=self.token)

    async def follow(self) -> None:
        """Fold what was written since; keeps the lease meanwhile, for after a start that is the whole log.

        Raises LogDivergedError where that is not what the log's key signed, and then each time: whoever can write to
        the database must not choose what follows from the log.
        """
        signed = await self.entries.signed_head()
        while self.book.size < signed.size:
            await self._fold(self.book.size, min(signed.size, self.book.size + _FOLD_ENTRIES))
            await self.keep()
        if (self.folded.size, self.folded.root()) != (signed.size, signed.root):
            raise altered(f"The {signed.size} entries in the database are not those that the log's key has signed.")

    async def _fold(self, begin: int, end: int) -> None:
        statements = await self.entries.statements(begin, end)
        if len(statements) != end - begin:
            raise altered(f"The database has {len(statements)} of the entries {begin} to {end - 1}.")
        for index, data in enumerate(statements, begin):
            self.book.fold_bytes(data, index)
        self.folded = Growth(self.folded, hash_entries(statements)).after

    async def record(self, statement: AnyStatement) -> None:
        """Write a statement of the service's own, and fold it.

        Raises UnavailableError where another worker leads by now: it has written the same, and twice would be false.
        """
        await self.renew()
        await self.entries.record(statement, self.fence)
        await self.follow()

    async def hold(self) -> bool:
        """Take the lease, or renew it; False while another worker has it."""
        now_ms, seconds = self.clock.now_ms(), self.pace.lease_seconds
        self.token = await self.rows.hold(self.holder, self.token, now_ms, seconds)
        self.lease_until_ms = now_ms + int(seconds * 1000)
        return self.token > 0

    async def renew(self) -> None:
        """Keep the lease; raises UnavailableError where another worker has, or had, it since: our book is then old."""
        token = self.token
        if not await self.hold() or self.token != token:
            raise UnavailableError("Another worker leads by now.", remedy="Nothing is to be done: that one goes on.")

    async def keep(self) -> None:
        """Renew the lease once a third of it is over, in the middle of what takes long; raises as ``renew`` does."""
        if self.token and self.lease_until_ms - self.clock.now_ms() < self.pace.lease_seconds * 667:
            await self.renew()

    def timestamp(self) -> str:
        """Now, as statements carry it; the writer sets it anew."""
        return format_time(self.clock.now_ms())
