"""What the pool says in finalized blocks, written into the log and into rows; claims above them as far as they stand.

A range of blocks is read again after a crash: each fact is compared with the book before it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.chain.anchors import ClaimEvent, Place, SettlementEvent
from ledger.chain.answers import Block
from ledger.chain.rpc import BlockTag
from ledger.errors import NodeError, WrongChainError
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.worker.context import Context

_MOST_CAMPAIGNS = 200
"""Campaigns that are asked for the first time in one step."""
_MOST_ACCOUNTS = 500
"""Accounts that a node is asked for before the lease is renewed."""


class Indexing:
    """Reads one pool."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked_campaigns: set[str] = set()
        self._pool_stands = False
        self._loose = _Loose()

    async def index(self, finalized: Block) -> bool:
        """Read on, a bounded range a step; whether everything up to the finalized block is read."""
        if not self._pool_stands:  # just deployed, it may not be finalized yet
            self._pool_stands = await self._context.chain.pool_stands(finalized.number)
            if not self._pool_stands:
                return False
        done = await self._context.rows.cursor()
        if done is not None:
            await self._require_same_chain(*done, finalized)
        begin = self._context.deployment.block if done is None else done[0] + 1
        end = min(finalized.number, begin + self._context.chain.span() - 1)
        touched: Sequence[str] = ()
        if begin <= end:
            found = await self._context.chain.pool_events(begin, end)
            touched = found.campaigns
            for event in found.settlements:
                await self._settlement(event)
            await self._note(found.claims, {event.account for event in found.claims}, finalized.number, final=True)
        whole = await self._campaigns(touched, finalized)
        if begin <= end:
            await self._move_cursor(end, finalized)
        return whole and end == finalized.number

    # ---- campaigns ----

    async def _campaigns(self, touched: Sequence[str], finalized: Block) -> bool:
        """Record what changed: of the campaigns that the pool spoke of, and of some that are new to us; whether all."""
        pool = self._context.book.pools.get(self._context.pool)
        if pool is None:
            return True
        new = [campaign for campaign in pool.campaigns if campaign not in self._asked_campaigns]
        some = set(new[:_MOST_CAMPAIGNS])
        for campaign, onchain_id in list(pool.campaigns.items()):
            if campaign in some or onchain_id in touched:
                await self._campaign(campaign, onchain_id, finalized)
        self._asked_campaigns |= some
        return len(new) == len(some)

    async def _campaign(self, campaign: str, onchain_id: str, finalized: Block) -> None:
        record = await self._context.chain.campaign(onchain_id, finalized.number)
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
        if pool is None:
            return
        if event.kind == "proposed":  # what we noted as its transaction may be one that a reorganisation undid
            await self._context.rows.note_proposed_in(event.proposal, event.place.transaction)
            return
        if event.number >= pool.next_number:
            await self._record_end(event)
        await self._context.rows.end_settlement(event.proposal, event.kind, event.place.transaction)

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

    # ---- claims ----

    async def follow_claims(self, latest: Block, finalized: Block) -> None:
        """Bring the sums that are not permanent to what stands at ``latest``, up or down, whoever made the claims.

        A sum is asked for only where the last event of its account is another one than before, or is gone: a block's
        hash stands for all that went before it.
        """
        context, seen = self._context, self._loose
        if seen.token != context.token:  # others may have written since
            seen = _Loose(token=context.token)
        if seen.latest == latest.hash:
            return
        begin = max(finalized.number + 1, latest.number - context.chain.span() + 1)
        claims = (await context.chain.pool_events(begin, latest.number)).claims if begin <= latest.number else ()
        places = {event.account: event.place for event in claims}
        changed = {account for account, place in places.items() if seen.places.get(account) != place}
        gone = set(await context.rows.loose_claims()) - places.keys()
        await self._note(claims, changed | gone, latest.number, final=False)
        if (await context.chain.block(latest.number)).hash == latest.hash:
            # Else there was a reorganisation meanwhile: what was read may be of either chain, and is read again.
            self._loose = _Loose(context.token, latest.hash, places)

    async def _note(self, events: Sequence[ClaimEvent], accounts: Collection[str], block: int, *, final: bool) -> None:
        if accounts:
            sums = await claimed_sums(self._context, sorted(accounts), block)
            await self._context.rows.note_claims(
                [event for event in events if event.account in sums], sums, final=final
            )

    # ---- cursor ----

    async def _require_same_chain(
        self, block: int, block_ms: int | None, block_hash: str | None, finalized: Block
    ) -> None:
        """What was final must still be there: the log states facts of those blocks, and goes on from them.

        Raises NodeError where the node is behind what was read, WrongChainError where it holds another block there.
        """
        chain = self._context.chain
        shown = chain.reads_from
        if finalized.number < block:
            chain.doubt(f"It calls block {finalized.number} final; we have read up to block {block}.")
            raise NodeError(
                f"The node at {shown} calls block {finalized.number} final; we have read up to block {block}.",
                remedy="It lags, then wait; or its chain was set back to an older state, then restore that chain.",
            )
        if block_hash is None and block_ms is None:
            return
        there = finalized if finalized.number == block else await chain.block(block)
        same = there.timestamp * 1000 == block_ms if block_hash is None else there.hash == block_hash
        if not same:
            chain.doubt(f"Block {block} is not the one that was final when we read it.")
            raise WrongChainError(
                f"Block {block} of the node at {shown} is not the one that was final when we read it: "
                "this chain was set back or set up anew.",
                remedy="Restore the chain that the log states facts of, or start a new log on this one.",
            )

    async def _move_cursor(self, block: int, finalized: Block) -> None:
        there = finalized if block == finalized.number else await self._context.chain.block(block)
        # Only the newest permanent block's time may confirm the log's clock.
        block_ms = finalized.timestamp * 1000 if there is finalized else None
        await self._context.rows.move_cursor(block, block_ms, there.hash)


@dataclass(frozen=True, slots=True)
class _Loose:
    """What was noted last of the blocks that are not permanent: as of which block, and each account's last event."""

    token: int = 0
    latest: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)


async def claimed_sums(context: Context, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
    """What each account has claimed in all, by the pool's state at ``block``; keeps the lease while it asks."""
    sums: dict[str, int] = {}
    for begin in range(0, len(accounts), _MOST_ACCOUNTS):
        sums |= await context.chain.claimed(accounts[begin : begin + _MOST_ACCOUNTS], block)
        await context.renew()
    return sums
