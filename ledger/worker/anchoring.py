"""Anchors: the log's head to the contract when it is time, and rows of what the contract took.

Where the log goes on under a successor's id, an anchor counts once it holds more than was anchored before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, delete, func, insert, select

from ledger.chain import anchors, contracts
from ledger.chain.answers import Block
from ledger.chain.contracts import AnchoredHead
from ledger.chain.rpc import Node
from ledger.chain.successors import LogState
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
        self._begin: dict[str, int] = {}

    async def anchor(self, node: Node, own: LogState, newest: AnchoredHead, latest: Block) -> bool:
        """Anchor to our log if entries wait and it is time; whether the contract's head moved.

        A log that is behind ``newest``, the newest head of all, has just begun to continue another and catches up.
        """
        context, signer, anchored = self._context, self._context.signers.operator, own.head
        size = (await context.reader.head()).size
        due = anchored.size < newest.size or self._is_due(size, anchored, latest)
        if signer is None or size <= anchored.size or not due:
            return False
        size = min(size, anchored.size + MAX_GROWTH)
        root = await context.reader.root_at(size)
        proof = await context.reader.consistency(anchored.size, size)
        data = contracts.anchor_call(own.log_id, size, root, proof)
        contract = context.deployment.contribution_log
        return await self._sender.send(node, signer, f"anchor:{size}", contract, data) is not None

    def _is_due(self, size: int, anchored: AnchoredHead, latest: Block) -> bool:
        pace = self._context.pace
        now_ms = max(self._context.now_ms(), latest.timestamp * 1000)
        return (
            size - anchored.size >= pace.anchor_entries
            or now_ms - anchored.anchored_at * 1000 >= pace.anchor_interval * 1000
            or self._requests.needs_anchor(anchored.size)
        )

    async def note(self, node: Node, logs: Collection[str], latest: Block, finalized: Block) -> None:
        """Bring the rows up to what the chain says of ``logs``, our log and those that continue it.

        There are new anchors, final ones, and those that a reorganisation undid.
        """
        size, known = await self._loose()
        wanted = []
        for event in await self._events(node, logs, latest):
            if event.size > size:
                size = event.size
                wanted.append(self._row(event, finalized))
        if wanted != known:
            async with self._context.database.begin() as connection:
                await self._context.lease.check(connection)
                loose = and_(self._ours(), anchor_rows.c.finalized.is_(False))
                await connection.execute(delete(anchor_rows).where(loose))
                if wanted:
                    await connection.execute(insert(anchor_rows), wanted)
        self._begin = dict.fromkeys(logs, finalized.number + 1)

    async def _events(self, node: Node, logs: Collection[str], latest: Block) -> list[anchors.AnchorEvent]:
        """What the logs anchored in the blocks that were not final, or not read, when we noted last."""
        contract = self._context.deployment.contribution_log
        begin = self._begin or await self._after_final()
        found: list[anchors.AnchorEvent] = []
        for log_id in logs:
            first = begin.get(log_id, self._context.deployment.block)
            found += await asyncio.to_thread(anchors.anchor_events, node, contract, log_id, first, latest.number)
        return sorted(found, key=lambda event: (event.place.block, event.place.log_index))

    def _ours(self) -> Any:
        return and_(anchor_rows.c.log == self._context.log, anchor_rows.c.chain_id == self._context.deployment.chain_id)

    async def _after_final(self) -> dict[str, int]:
        """The first block behind each log's last final anchor."""
        last = select(anchor_rows.c.log_id, func.max(anchor_rows.c.block)).group_by(anchor_rows.c.log_id)
        async with self._context.database.engine.connect() as connection:
            found = await connection.execute(last.where(self._ours(), anchor_rows.c.finalized.is_(True)))
            return {log_id: block + 1 for log_id, block in found}

    async def _loose(self) -> tuple[int, list[dict[str, Any]]]:
        """The size of the last final anchor, and the rows of those that are not final."""
        last = select(func.max(anchor_rows.c.size)).where(self._ours(), anchor_rows.c.finalized.is_(True))
        loose = select(anchor_rows).where(self._ours(), anchor_rows.c.finalized.is_(False)).order_by(anchor_rows.c.size)
        async with self._context.database.engine.connect() as connection:
            size = (await connection.execute(last)).scalar()
            rows = [dict(row._mapping) for row in await connection.execute(loose)]
        return size or 0, rows

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
