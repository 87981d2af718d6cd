"""Anchors: the log's head to the contract when it is time, and rows of what the contract took."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import and_, delete, func, insert, select

from ledger.chain import anchors, contracts
from ledger.chain.answers import Block
from ledger.chain.contracts import AnchoredHead
from ledger.chain.rpc import Node
from ledger.db.tables import anchors as anchor_rows
from ledger.worker.context import Context
from ledger.worker.requests import Requests
from ledger.worker.send import Sender

MAX_GROWTH = 1 << 24
"""Entries by which one anchor may extend the log (``ContributionLog.MAX_GROWTH``)."""


class Anchoring:
    """Anchors one log."""

    def __init__(self, context: Context, sender: Sender, requests: Requests) -> None:
        self._context = context
        self._sender = sender
        self._requests = requests

    async def anchor(self, node: Node, anchored: AnchoredHead, latest: Block) -> AnchoredHead:
        """Anchor if entries wait and it is time; the head that the contract then holds."""
        context, signer = self._context, self._context.signers.operator
        size = (await context.reader.head()).size
        if signer is None or size <= anchored.size or not self._is_due(size, anchored, latest):
            return anchored
        size = min(size, anchored.size + MAX_GROWTH)
        root = await context.reader.root_at(size)
        proof = await context.reader.consistency(anchored.size, size)
        deployment = context.deployment
        data = contracts.anchor_call(deployment.log_id, size, root, proof)
        if await self._sender.send(node, signer, f"anchor:{size}", deployment.contribution_log, data) is None:
            return anchored
        return await asyncio.to_thread(anchors.read_head, node, deployment)

    def _is_due(self, size: int, anchored: AnchoredHead, latest: Block) -> bool:
        pace = self._context.pace
        now_ms = max(self._context.now_ms(), latest.timestamp * 1000)
        return (
            size - anchored.size >= pace.anchor_entries
            or now_ms - anchored.anchored_at * 1000 >= pace.anchor_interval * 1000
            or self._requests.needs_anchor(anchored.size)
        )

    async def note(self, node: Node, latest: Block, finalized: Block) -> None:
        """Bring the rows up to what the chain says: new anchors, final ones, and those that a reorganisation undid."""
        begin, known = await self._known()
        deployment = self._context.deployment
        found = await asyncio.to_thread(
            anchors.anchor_events, node, deployment.contribution_log, deployment.log_id, begin, latest.number
        )
        wanted = [self._row(event, finalized) for event in found]
        if wanted == known:
            return
        async with self._context.database.begin() as connection:
            await self._context.lease.check(connection)
            loose = and_(self._ours(), anchor_rows.c.finalized.is_(False))
            await connection.execute(delete(anchor_rows).where(loose))
            if wanted:
                await connection.execute(insert(anchor_rows), wanted)

    def _ours(self) -> Any:
        return and_(anchor_rows.c.log == self._context.log, anchor_rows.c.chain_id == self._context.deployment.chain_id)

    async def _known(self) -> tuple[int, list[dict[str, Any]]]:
        """The first block behind the last final anchor, and the rows of those that are not final."""
        last = select(func.max(anchor_rows.c.block)).where(self._ours(), anchor_rows.c.finalized.is_(True))
        loose = select(anchor_rows).where(self._ours(), anchor_rows.c.finalized.is_(False)).order_by(anchor_rows.c.size)
        async with self._context.database.engine.connect() as connection:
            block = (await connection.execute(last)).scalar()
            rows = [dict(row._mapping) for row in await connection.execute(loose)]
        return (self._context.deployment.block if block is None else block + 1), rows

    def _row(self, event: anchors.AnchorEvent, finalized: Block) -> dict[str, object]:
        return {
            "log": self._context.log,
            "size": event.size,
            "root": event.root,
            "tx": event.place.transaction,
            "block": event.place.block,
            "chain_id": self._context.deployment.chain_id,
            "contract": self._context.deployment.contribution_log,
            "log_id": event.log_id,
            "finalized": event.place.block <= finalized.number,
        }
