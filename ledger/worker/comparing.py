"""Never fork: our log against the anchored head, before anything is anchored."""

from __future__ import annotations

import asyncio

from ledger.chain import anchors
from ledger.chain.contracts import AnchoredHead
from ledger.chain.rpc import Node
from ledger.errors import LogDivergedError, ProofError
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
            await self._check_key(opened)
            self._checked_node = node.shown
        anchored = await asyncio.to_thread(anchors.read_head, node, deployment)
        if anchored != self._equal:
            await self._check(anchored)
            self._equal = anchored
        return anchored

    async def _check_key(self, opened: anchors.OpenedLog) -> None:
        key = (await self._context.reader.head()).vkey
        if opened.vkey != key:
            raise LogDivergedError(
                f"The log was opened on the chain with the key '{opened.vkey}'; ours is '{key}'.",
                remedy="Operator: give the log's own key file, or the deployment file of this log.",
            )

    async def _check(self, anchored: AnchoredHead) -> None:
        size = (await self._context.reader.head()).size
        if anchored.size > size:
            raise LogDivergedError(f"The contract holds {anchored.size} entries of this log, we hold {size}.")
        if anchored.size and await self._root_at(anchored.size) != anchored.root:
            raise LogDivergedError(f"At size {anchored.size} the contract holds another root than our log.")

    async def _root_at(self, size: int) -> bytes | None:
        try:
            return await self._context.reader.root_at(size)
        except ProofError:
            return None  # the database lacks a part of the tree
