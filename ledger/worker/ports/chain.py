"""The chain of one deployment, with the contracts that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ledger.chain.anchors import AnchorEvent, OpenedLog, PoolEvents
from ledger.chain.answers import Block, TransactionReceipt
from ledger.chain.contracts import CampaignRecord, Pending, ProposedSuccessor
from ledger.chain.nodes import Answer, NodeHealth
from ledger.chain.rpc import BlockTag
from ledger.chain.successors import Line, LogState
from ledger.chain.transactions import Fees


class Chain(Protocol):
    """The chain of one deployment. Between two ``connect`` all answers are one node's.

    Raises NodeError where nobody knows, TransactionError where a contract refuses, WrongChainError and
    WrongContractError where what answers is not what was deployed.
    """

    async def connect(self) -> None:
        """Keep the node that is read from while it is sound, else take the next; what is unsound is put aside."""
        ...

    @property
    def reads_from(self) -> str:
        """The node that is read from, as it may be shown."""
        ...

    def health(self) -> Sequence[NodeHealth]:
        """How all nodes are, in the order of the settings."""
        ...

    def doubt(self, reason: str) -> None:
        """Put the node that is read from aside at the next ``connect``, for what only the caller can see."""
        ...

    def span(self) -> int:
        """Blocks whose events one step should ask for at most."""
        ...

    async def block(self, tag: BlockTag) -> Block:
        """A block's head. NodeError where the node has none such (yet)."""
        ...

    async def finalized(self) -> Block:
        """The newest permanent block: by the tag, or by a depth from the settings where a chain has no such tag."""
        ...

    async def nonce(self, account: str, tag: BlockTag) -> int:
        """Transactions of an account up to a block."""
        ...

    async def balance(self, account: str) -> int:
        """Coins in wei."""
        ...

    async def receipt(self, transaction: str) -> TransactionReceipt | None:
        """The receipt; None where the node knows of none. Its block may be one that a reorganisation removes."""
        ...

    async def estimate_gas(self, sender: str, to: str, data: bytes) -> int:
        """Gas that a call would need now; TransactionError with the reason if it would fail."""
        ...

    async def fees(self) -> Fees:
        """What gas costs now (``eth_feeHistory``; ``eth_gasPrice`` on a chain without EIP-1559)."""
        ...

    async def broadcast(self, raw: bytes, transaction: str) -> Answer:
        """Hand a signed transaction to all nodes; never raises: what goes wrong is part of the answer."""
        ...

    async def failure(self, receipt: TransactionReceipt, data: bytes) -> str:
        """The contract's reason for a transaction that was mined and failed; empty where it cannot be found."""
        ...

    # the log's contract

    async def check_deployment(self) -> OpenedLog:
        """How our log was opened there."""
        ...

    async def line(self) -> Line:
        """Our log and those that continue it."""
        ...

    async def log_state(self, log_id: str) -> LogState:
        """Any log."""
        ...

    async def log_operator(self, log_id: str) -> str:
        """Who may anchor to a log."""
        ...

    async def log_opened(self, log_id: str) -> OpenedLog:
        """How a log was opened, if since our deployment; else WrongContractError."""
        ...

    async def anchor_events(self, log_id: str, begin: int, end: int) -> list[AnchorEvent]:
        """Anchors of a log in blocks ``begin`` to ``end``, both included."""
        ...

    # the pool

    async def pool_stands(self, block: int) -> bool:
        """Whether the pool is deployed as of a block."""
        ...

    async def pool_events(self, begin: int, end: int) -> PoolEvents:
        """What the pool says in blocks ``begin`` to ``end``, both included."""
        ...

    async def campaign(self, onchain_id: str, block: BlockTag) -> CampaignRecord:
        """A campaign's record as of a block."""
        ...

    async def pending(self) -> Pending:
        """The settlement that waits; number 0 for none."""
        ...

    async def proposal_count(self) -> int:
        """How many settlements were ever proposed."""
        ...

    async def last_activated(self) -> tuple[int, str, int]:
        """Number, root and size of the settlement in force; number 0 for none."""
        ...

    async def claimed(self, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
        """What accounts have claimed in all as of a block."""
        ...

    async def proposed_successor(self) -> ProposedSuccessor | None:
        """The log that the pool's admin proposed to follow ours."""
        ...
