"""The worker's own rows: lease, transactions, anchors, settlements, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ledger.book.rewards import Settlement
from ledger.chain.anchors import ClaimEvent
from ledger.worker.ports.report import WorkerReport

AttemptState = Literal["sent", "mined", "final", "failed", "replaced", "lost"]
"""``sent``: saved, and perhaps with the nodes. ``mined`` and ``failed`` are of a block that may still go; ``final`` is
in a permanent block, whether it succeeded or not. ``replaced``: another attempt took its nonce for good. ``lost``: a
stranger's transaction did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One signed transaction. All attempts at one nonce of an account carry the same intent, or fill its place with a
    transfer of nothing to the account itself."""

    hash: str
    raw: bytes
    sender: str
    nonce: int
    intent: str
    """What it is for, such as ``anchor:1200``; ``fill`` fills the place of one that no node takes."""
    to: str
    data: bytes
    gas: int
    max_fee: int
    priority_fee: int | None
    """Wei a gas; None on a chain without EIP-1559, where ``max_fee`` is the price."""
    state: AttemptState = "sent"
    at_ms: int
    """When it was saved, which is before it was sent."""
    detail: str = ""
    """Why a node refused it, or why it failed."""
    block: int | None = None
    block_hash: str | None = None
    gas_used: int | None = None
    gas_price: int | None = None
    """What was paid, wei a gas."""

    def stands_in(self, block_hash: str | None) -> bool:
        """Whether what it did in that block holds: it is in that very block, as far as we know, and did not fail there.

        In another block it may have paid others.
        """
        succeeded = self.state == "mined" or (self.state == "final" and not self.detail)
        return succeeded and self.block_hash == block_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one permanent transaction cost one campaign; an empty ``campaign`` is the service itself. Wei."""

    transaction: str
    campaign: str
    intent: str
    gas: int
    wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that somebody made of the worker: ``kind`` is anchor or settle."""

    id: str
    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAsked:
    """A claim that somebody asked us to relay."""

    id: str
    account: str
    state: Literal["asked", "sent"]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRow:
    """An anchor as the rows hold it."""

    size: int
    root: bytes
    transaction: str
    block: int
    log_id: str
    finalized: bool


class Rows(Protocol):
    """The worker's rows of one log, deployment and pool. Each call is one database transaction.

    Calls that write are fenced: they look at the lease in the same transaction and raise UnavailableError where another
    worker leads by now. All raise DatabaseError where the database fails; then nobody knows whether it was done.
    """

    # the lease

    async def hold(self, holder: str, token: int, now_ms: int, seconds: float) -> int:
        """Take or renew the lease; the token, 0 while somebody else holds it. Tokens only grow."""
        ...

    async def release(self) -> None:
        """Let the lease run out now, if it is ours."""
        ...

    # transactions

    async def save_attempt(self, attempt: Attempt) -> None:
        """Save one before it is sent. Raises TransactionError where the nonce of that account on that chain is taken
        by another intent, of whatever log: then nothing is saved."""
        ...

    async def open_attempts(self) -> list[Attempt]:
        """Those that are not settled for good (``sent``, ``mined``, ``failed``), by sender, nonce and time."""
        ...

    async def next_nonce(self, account: str) -> int:
        """One more than the highest nonce that was ever saved for an account on this chain, of whatever log."""
        ...

    async def set_attempts(self, changed: Sequence[Attempt]) -> None:
        """Store state, detail and what the receipt says of some, together.

        Claims that were answered by one that does not stand any more in the block that was noted before become ``sent``
        again, without transaction and detail: nobody is told for long to have been paid by a transaction that a
        reorganisation undid, or moved to a block where it pays others.
        """
        ...

    async def save_costs(self, costs: Sequence[Cost]) -> None:
        """Store what permanent transactions cost; once more changes nothing."""
        ...

    # anchors and the cursor

    async def last_final_anchor(self) -> tuple[int, dict[str, int]]:
        """Size of the last permanent anchor (0 for none), and by log id the block of its last one."""
        ...

    async def loose_anchors(self) -> list[AnchorRow]:
        """Anchors that are not permanent, by size."""
        ...

    async def replace_loose_anchors(self, rows: Sequence[AnchorRow]) -> None:
        """Put these in the place of those that are not permanent."""
        ...

    async def cursor(self) -> tuple[int, int | None, str | None] | None:
        """The last permanent block that was read, its time in milliseconds and its hash, as far as known."""
        ...

    async def move_cursor(self, block: int, block_ms: int | None, block_hash: str | None) -> None:
        """Note how far the chain was read."""
        ...

    # requests and claims

    async def asked(self) -> list[Asked]:
        """Open requests, oldest first, a bounded number."""
        ...

    async def answer(self, ids: Sequence[str], detail: str) -> None:
        """Close requests."""
        ...

    async def claims_asked(self) -> list[ClaimAsked]:
        """Claims to relay, oldest first, a bounded number."""
        ...

    async def set_claims(self, ids: Sequence[str], state: str, **values: str | None) -> None:
        """``asked``, ``sent``, ``paid`` or ``failed``; ``transaction`` and ``detail`` go with it."""
        ...

    async def claims_relayed(self, accounts: Sequence[str], since_ms: int) -> Mapping[str, int]:
        """By account, how many different transactions of ours answered claims that were asked for since then."""
        ...

    async def note_claims(self, events: Sequence[ClaimEvent], sums: Mapping[str, int], *, final: bool) -> None:
        """Keep what the accounts of ``sums`` have claimed in all, and where: each one's newest event, if there is one.

        A final sum replaces all but a greater one; one that is not final replaces all but a final one that is greater
        or equal, so that it follows the chain down too.
        """
        ...

    async def loose_claims(self) -> list[str]:
        """Accounts whose claimed sum is more than what permanent blocks say."""
        ...

    # settlements

    async def save_settlement(self, settlement: Settlement, tree: Sequence[tuple[str, int]]) -> None:
        """Keep a settlement and the accounts of its whole tree; one of that number that was never proposed goes."""
        ...

    async def saved_proposal(self, number: int) -> str | None:
        """The proposal hash that is kept under a number."""
        ...

    async def settled_proposal(self, number: int, root: str) -> str | None:
        """The proposal hash of a kept settlement whose end is not noted yet."""
        ...

    async def last_due_ms(self) -> int | None:
        """When the newest proposed settlement is or was due."""
        ...

    async def note_proposed(self, number: int, due_ms: int, transaction: str | None) -> None:
        """Note that a settlement waits (again, after a reorganisation: its end goes), and when it can be activated."""
        ...

    async def note_proposed_in(self, proposal: str, transaction: str) -> None:
        """Note the permanent transaction that proposed a kept settlement; its state stays."""
        ...

    async def end_settlement(self, proposal: str, state: str, transaction: str | None) -> None:
        """Note that it was activated or vetoed."""
        ...

    async def tree_accounts(self, number: int) -> list[tuple[str, int]]:
        """A settlement's accounts and cumulative amounts in tree order."""
        ...

    # what others see of the worker

    async def report(self, report: WorkerReport) -> None:
        """Store how the worker is, for the API's summary and metrics."""
        ...
