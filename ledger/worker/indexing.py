"""What the pool says in finalized blocks, written into the log and into rows.

A range of blocks is read again after a crash: each fact is compared with the book before it is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, insert, select, update

from ledger.chain import anchors, contracts
from ledger.chain.anchors import SettlementEvent
from ledger.chain.answers import Block
from ledger.chain.rpc import Node
from ledger.db.tables import chain_cursor
from ledger.errors import NodeError, WrongChainError
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.worker import rows
from ledger.worker.context import Context

_MOST_BLOCKS = 50_000


class Indexing:
    """Reads one pool."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked_campaigns: set[str] = set()
        self._pool_stands = False

    async def index(self, node: Node, finalized: Block) -> bool:
        """Read on, a bounded range a step; whether everything up to the finalized block is read."""
        if not self._pool_stands:  # just deployed, it may not be finalized yet
            code = await asyncio.to_thread(node.code, self._context.deployment.pool, finalized.number)
            self._pool_stands = bool(code)
            if not code:
                return False
        done = await self._cursor()
        if done is not None:
            await self._require_same_chain(node, *done, finalized)
        begin = self._context.deployment.block if done is None else done[0] + 1
        end = min(finalized.number, begin + _MOST_BLOCKS)
        pool = self._context.deployment.pool
        touched: Sequence[str] = ()
        if begin <= end:
            found = await asyncio.to_thread(anchors.pool_events, node, pool, begin, end)
            touched = found.campaigns
            for event in found.settlements:
                await self._settlement(event)
            if found.claims:
                await rows.note_claims(self._context, node, found.claims, finalized.number, final=True)
        await self._campaigns(node, touched, finalized)
        if begin <= end:
            await self._move_cursor(end, finalized)
        return end == finalized.number

    # ---- campaigns ----

    async def _campaigns(self, node: Node, touched: Sequence[str], finalized: Block) -> None:
        """Record what changed: of the campaigns that the pool spoke of, and of those that are new to us."""
        pool = self._context.book.pools.get(self._context.pool)
        if pool is None:
            return
        new = pool.campaigns.keys() - self._asked_campaigns
        for campaign, onchain_id in pool.campaigns.items():
            if campaign in new or onchain_id in touched:
                await self._campaign(node, campaign, onchain_id, finalized)
        self._asked_campaigns |= new

    async def _campaign(self, node: Node, campaign: str, onchain_id: str, finalized: Block) -> None:
        read = contracts.read_campaign
        record = await asyncio.to_thread(read, node, self._context.deployment.pool, onchain_id, finalized.number)
        now = (str(record.funded), str(record.returned), record.goal_reached, record.closed)
        known = self._context.book.campaigns[campaign].funds
        if known:
            last = known[-1][1]
            if now == (last.funded, last.returned, last.goal_reached, last.closed):
                return
        elif record.funded == 0:
            return  # what the log says of it already: nothing
        await self._context.record(
            CampaignFunded(
                v=1,
                at=self._context.timestamp(),
                campaign=campaign,
                block=finalized.number,
                block_hash=finalized.hash,
                funded=now[0],
                returned=now[1],
                goal_reached=now[2],
                closed=now[3],
            )
        )

    # ---- settlements ----

    async def _settlement(self, event: SettlementEvent) -> None:
        """Record how a settlement ended, unless the book knows already; its row may have missed that in a crash."""
        pool = self._context.book.pools.get(self._context.pool)
        if event.kind == "proposed" or pool is None:
            return
        if event.number >= pool.next_number:
            await self._record_end(event)
        await rows.end_settlement(self._context, event.proposal, event.kind, event.place.transaction)

    async def _record_end(self, event: SettlementEvent) -> None:
        kind = SettlementActivated if event.kind == "activated" else SettlementVetoed
        await self._context.record(
            kind(
                v=1,
                at=self._context.timestamp(),
                chain_id=self._context.deployment.chain_id,
                pool=self._context.deployment.pool,
                number=event.number,
                proposal=event.proposal,
                block=event.place.block,
                block_hash=event.place.block_hash,
                transaction=event.place.transaction,
                log_index=event.place.log_index,
            )
        )

    # ---- cursor ----

    async def _cursor(self) -> tuple[int, int | None] | None:
        """The last block that was read and, where it was the finalized one, its time in milliseconds."""
        query = select(chain_cursor.c.block, chain_cursor.c.block_ms).where(self._cursor_row())
        async with self._context.database.engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (row.block, row.block_ms)

    async def _require_same_chain(self, node: Node, block: int, block_ms: int | None, finalized: Block) -> None:
        """What was final must still be there: the log states facts of those blocks, and goes on from them.

        Raises NodeError where the node is behind what was read, WrongChainError where it holds another block there.
        """
        if finalized.number < block:
            raise NodeError(
                f"The node at {node.shown} calls block {finalized.number} final; we have read up to block {block}.",
                remedy="It lags, then wait; or its chain was set back to an older state, then restore that chain.",
            )
        if block_ms is not None and (await asyncio.to_thread(node.block, block)).timestamp * 1000 != block_ms:
            raise WrongChainError(
                f"Block {block} of the node at {node.shown} is not the one that was final when we read it: "
                "this chain was set back or set up anew.",
                remedy="Restore the chain that the log states facts of, or start a new log on this one.",
            )

    def _cursor_row(self) -> Any:
        context = self._context
        return and_(chain_cursor.c.log == context.log, chain_cursor.c.chain_id == context.deployment.chain_id)

    async def _move_cursor(self, block: int, finalized: Block) -> None:
        values = {"block": block, "block_ms": finalized.timestamp * 1000 if block == finalized.number else None}
        key = {"log": self._context.log, "chain_id": self._context.deployment.chain_id}
        async with self._context.database.begin() as connection:
            await self._context.lease.check(connection)
            moved = await connection.execute(update(chain_cursor).where(self._cursor_row()).values(values))
            if moved.rowcount == 0:
                await connection.execute(insert(chain_cursor).values(key | values))
