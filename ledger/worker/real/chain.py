"""The worker's chain on real nodes: every question in a thread, all of a step to one node, sends to all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ledger.chain import anchors, contracts, successors, transactions
from ledger.chain.anchors import AnchorEvent, OpenedLog, PoolEvents
from ledger.chain.answers import Block, TransactionReceipt
from ledger.chain.contracts import CampaignRecord, Pending, ProposedSuccessor
from ledger.chain.deployments import Deployment
from ledger.chain.nodes import Answer, NodeHealth, Nodes
from ledger.chain.rpc import BlockTag, Node
from ledger.chain.successors import Line, LogState
from ledger.chain.transactions import Fees
from ledger.errors import NodeError, WrongChainError, WrongContractError
from ledger.worker.real.clock import ThreadWork, nothing

Found = TypeVar("Found")
_QUESTIONS = 8
"""Questions to a node at a time."""
_SPANS, _MOST_BLOCKS = 4, 50_000
"""How many questions' worth of blocks, and how many blocks, one call should ask for."""


class NodesChain:
    """See :class:`ledger.worker.ports.Chain`. ``finality_depth`` in blocks, where the chain calls none finalized.

    ``keep`` is awaited before each question and while it lasts: with a slow node, or many blocks to read, a step takes
    longer than a lease lasts.
    """

    def __init__(
        self,
        nodes: Nodes,
        deployment: Deployment,
        *,
        finality_depth: int | None = None,
        keep: Callable[[], Awaitable[None]] = nothing,
    ) -> None:
        self._nodes = nodes
        self._deployment = deployment
        self._depth = finality_depth
        self._keep, self._threads = keep, ThreadWork(keep)

    def close(self) -> None:
        """Closes the connections."""
        self._nodes.close()

    # ---- the nodes ----

    async def connect(self) -> None:
        """See the port."""
        await self._threads.run(self._nodes.connect)

    @property
    def reads_from(self) -> str:
        """See the port."""
        return self._nodes.reads_from

    def doubt(self, reason: str) -> None:
        """See the port."""
        self._nodes.doubt(NodeError(reason))

    def span(self) -> int:
        """See the port."""
        return min(_MOST_BLOCKS, _SPANS * self._nodes.current.log_span)

    def health(self) -> Sequence[NodeHealth]:
        """See the port."""
        return self._nodes.health()

    async def _ask(self, read: Callable[[Node], Found]) -> Found:
        """Ask the node that is read from; one that cannot answer is put aside at the next ``connect``."""
        await self._keep()
        try:
            return await self._threads.run(read, self._nodes.current)
        except NodeError as error:
            self._nodes.doubt(error)
            raise

    # ---- any chain ----

    async def block(self, tag: BlockTag) -> Block:
        """See the port."""
        return await self._ask(lambda node: node.block(tag))

    async def finalized(self) -> Block:
        """See the port."""
        return await self._ask(self._finalized)

    def _finalized(self, node: Node) -> Block:
        if self._depth is not None:
            return node.block(max(0, node.block("latest").number - self._depth))
        try:
            return node.block("finalized")
        except NodeError as error:
            remedy = "If this chain calls no block finalized, set finality_depth."
            raise NodeError(error.detail, remedy=remedy) from None

    async def nonce(self, account: str, tag: BlockTag) -> int:
        """See the port."""
        return await self._ask(lambda node: node.nonce(account, tag))

    async def balance(self, account: str) -> int:
        """See the port."""
        return await self._ask(lambda node: node.balance(account))

    async def receipt(self, transaction: str) -> TransactionReceipt | None:
        """See the port."""
        return await self._ask(lambda node: node.receipt(transaction))

    async def estimate_gas(self, sender: str, to: str, data: bytes) -> int:
        """See the port."""
        return await self._ask(lambda node: node.estimate_gas(sender, to, data))

    async def fees(self) -> Fees:
        """See the port."""
        return await self._ask(transactions.present_fees)

    async def broadcast(self, raw: bytes, transaction: str) -> Answer:
        """See the port."""
        return await self._threads.run(self._nodes.broadcast, raw, transaction)

    async def failure(self, receipt: TransactionReceipt, data: bytes) -> str:
        """See the port."""
        return (await self._ask(lambda node: transactions.failure(node, receipt, data))).reason

    # ---- the log's contract ----

    async def check_deployment(self) -> OpenedLog:
        """See the port. A node on which something else stands is put aside at the next ``connect``."""
        try:
            return await self._ask(lambda node: anchors.check_deployment(node, self._deployment))
        except (WrongChainError, WrongContractError) as error:
            self._nodes.doubt(error)
            raise

    async def line(self) -> Line:
        """See the port."""
        return await self._ask(lambda node: successors.read_line(node, self._deployment))

    async def log_state(self, log_id: str) -> LogState:
        """See the port."""
        return await self._ask(lambda node: successors.read_log(node, self._deployment.contribution_log, log_id))

    async def log_operator(self, log_id: str) -> str:
        """See the port."""
        return await self._ask(lambda node: contracts.read_operator(node, self._deployment.contribution_log, log_id))

    async def log_opened(self, log_id: str) -> OpenedLog:
        """See the port."""
        contract, begin = self._deployment.contribution_log, self._deployment.block
        return await self._ask(lambda node: anchors.log_opened(node, contract, log_id, begin))

    async def anchor_events(self, log_id: str, begin: int, end: int) -> list[AnchorEvent]:
        """See the port."""
        contract = self._deployment.contribution_log
        return await self._ask(lambda node: anchors.anchor_events(node, contract, log_id, begin, end))

    # ---- the pool ----

    async def pool_stands(self, block: int) -> bool:
        """See the port."""
        return bool(await self._ask(lambda node: node.code(self._deployment.pool, block)))

    async def pool_events(self, begin: int, end: int) -> PoolEvents:
        """See the port."""
        return await self._ask(lambda node: anchors.pool_events(node, self._deployment.pool, begin, end))

    async def campaign(self, onchain_id: str, block: BlockTag) -> CampaignRecord:
        """See the port."""
        return await self._ask(lambda node: contracts.read_campaign(node, self._deployment.pool, onchain_id, block))

    async def pending(self) -> Pending:
        """See the port."""
        return await self._ask(lambda node: contracts.read_pending(node, self._deployment.pool))

    async def proposal_count(self) -> int:
        """See the port."""
        return await self._ask(lambda node: contracts.read_count(node, self._deployment.pool))

    async def last_activated(self) -> tuple[int, str, int]:
        """See the port."""
        return await self._ask(lambda node: contracts.read_last_activated(node, self._deployment.pool))

    async def claimed(self, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
        """See the port. A few questions at a time."""
        pool = self._deployment.pool

        def ask(node: Node) -> dict[str, int]:
            with ThreadPoolExecutor(_QUESTIONS) as threads:
                sums = threads.map(lambda account: contracts.read_claimed(node, pool, account, block), accounts)
                return dict(zip(accounts, sums, strict=True))

        return await self._ask(ask)

    async def proposed_successor(self) -> ProposedSuccessor | None:
        """See the port."""
        return await self._ask(lambda node: contracts.read_proposed_successor(node, self._deployment.pool))
