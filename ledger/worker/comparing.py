"""Never fork: our log against the anchored head, before anything is anchored."""

from __future__ import annotations

import asyncio

from ledger.chain import anchors
from ledger.chain.contracts import AnchoredHead
from ledger.chain.rpc import Node
from ledger.errors import ChainError
from ledger.log.never_fork import require_same_history, require_same_key
from ledger.worker.context import Context


class Comparison:
    """Compares on every step, and asks the log again only when the anchored head has moved."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._equal: AnchoredHead | None = None
        self._checked_node: str | None = None

    async def compare(self, node: Node) -> AnchoredHead:
        """The anchored head, once it is one of ours.

        Raises LogDivergedError where the contract is ahead of us or holds another root, and WrongChainError or
        WrongContractError where the node's contracts are not those of the deployment.
        """
        deployment = self._context.deployment
        if self._checked_node != node.shown:
            opened = await asyncio.to_thread(anchors.check_deployment, node, deployment)
            await require_same_key(self._context.reader, opened)
            self._checked_node = node.shown
        try:
            anchored = await asyncio.to_thread(anchors.read_head, node, deployment)
        except ChainError:
            self._checked_node = None  # what answers next may be a chain that was set up anew
            raise
        if anchored != self._equal:
            await require_same_history(self._context.reader, anchored)
            self._equal = anchored
        return anchored
