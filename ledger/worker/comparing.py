"""Never fork: our log against the anchored heads, before anything is anchored."""

from __future__ import annotations

import asyncio

from ledger.chain import anchors, successors
from ledger.chain.contracts import AnchoredHead
from ledger.chain.rpc import Node
from ledger.chain.successors import Line, LogState
from ledger.errors import ChainError, LogDivergedError
from ledger.log.never_fork import require_same_history, require_same_key
from ledger.worker.context import Context


class Comparison:
    """Compares on every step, and asks the log again only when an anchored head has moved."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._equal: dict[str, AnchoredHead] = {}
        self._checked_node: str | None = None

    async def compare(self, node: Node) -> Line:
        """The log on the contract and those that continue it, once all their heads are ours.

        Raises LogDivergedError where the contract is ahead of us or holds another root, and WrongChainError or
        WrongContractError where the node's contracts are not those of the deployment.
        """
        deployment = self._context.deployment
        if self._checked_node != node.shown:
            opened = await asyncio.to_thread(anchors.check_deployment, node, deployment)
            await require_same_key(self._context.reader, opened)
            self._checked_node = node.shown
        try:
            line = await asyncio.to_thread(successors.read_line, node, deployment)
        except ChainError:
            self._checked_node = None  # what answers next may be a chain that was set up anew
            raise
        for log in line.logs:
            await self._require_ours(log)
        return line

    async def is_ours(self, log: LogState) -> bool:
        """Whether a log on the contract, which may be anybody's, holds our entries and nothing else."""
        try:
            await self._require_ours(log)
        except LogDivergedError:
            return False
        return True

    async def _require_ours(self, log: LogState) -> None:
        if log.head != self._equal.get(log.log_id):
            await require_same_history(self._context.reader, log.head)
            self._equal[log.log_id] = log.head
