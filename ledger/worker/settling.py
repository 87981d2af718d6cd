"""Settlements: computed at an anchored size, recorded in the log, proposed, and activated when they are due."""

from __future__ import annotations

import logging

from ledger.book import rewards
from ledger.book.rewards import PoolBook, Settlement
from ledger.chain import contracts
from ledger.chain.answers import Block
from ledger.chain.contracts import AnchoredHead, Pending, Proposal
from ledger.errors import NotFoundError, ProofError, TransactionError
from ledger.log.signed_heads import altered
from ledger.tree import merkle
from ledger.worker.context import Context
from ledger.worker.requests import Requests
from ledger.worker.sending import Sender

_LOGGER = logging.getLogger(__name__)
_LASTING = ("WrongTotal(", "CampaignIsFinal(", "CampaignNotOpen(")
"""Refusals that the same proposal would meet again; any other, such as a pause, passes."""
ACTIVATED = "activated"


class Settling:
    """Settles one pool."""

    def __init__(self, context: Context, sender: Sender, requests: Requests) -> None:
        self._context = context
        self._sender = sender
        self._requests = requests
        self._complaint = ""
        self._refused: set[str] = set()
        self._nothing_at = -1
        self._proved: AnchoredHead | None = None
        self.wrong = False
        """Whether something waits on the chain, or was activated there, that the log does not know."""

    @property
    def refused(self) -> bool:
        """Whether the contract refused the settlement that is next, for good."""
        pool = self._context.book.pools.get(self._context.pool)
        recorded = None if pool is None else pool.pending()
        return recorded is not None and recorded.proposal in self._refused

    async def settle(self, head: AnchoredHead, latest: Block) -> None:
        """Do what is due: activate what waits, or record and propose what follows from the anchored log.

        Raises LogDivergedError where the entries that the book folded are not those under the anchored head.
        """
        if self._context.book.size < head.size:  # written, and anchored, since this step began
            await self._context.follow()
        pool = self._context.book.pools.get(self._context.pool)
        if pool is None:
            self.wrong = (await self._context.chain.pending()).number > 0
            await self._answer(head.size, "No campaign is paid by this pool yet.")
            return
        await self._require_folded(head)
        await self._note_last()
        pending = await self._context.chain.pending()
        self.wrong = pool.halted or (pending.number > 0 and pending.proposal not in pool.recorded)
        if pending.number:
            await self._activate(pool, pending, latest)
        elif pool.halted:
            self._complain("A settlement was activated that the log does not know; nothing is settled on top of it.")
        else:
            await self._next(pool, head.size)

    async def _require_folded(self, head: AnchoredHead) -> None:
        """Raise LogDivergedError unless the anchored head is one of the book's own entries.

        Each is looked at once, for what is folded later only comes behind it. The proof is made from stored rows: if
        they were changed, it fails.
        """
        if head.size == 0 or head == self._proved:
            return
        folded = self._context.folded
        try:
            proof = await self._context.entries.consistency(head.size, folded.size)
            merkle.verify_consistency(head.size, folded.size, head.root, folded.root(), proof)
        except (NotFoundError, ProofError) as error:
            raise altered(f"The {head.size} entries that are anchored are not those in the database.") from error
        self._proved = head

    def _complain(self, words: str) -> None:
        """Say it once, not on every step."""
        if words != self._complaint:
            _LOGGER.error("%s", words)
        self._complaint = words

    async def _answer(self, anchored: int, words: str) -> None:
        await self._requests.finish(self._requests.ready("settle", anchored), words)

    async def _note_last(self) -> None:
        """Whoever activated the last settlement: it can be claimed from now on."""
        number, root, _ = await self._context.chain.last_activated()
        proposal = await self._context.rows.settled_proposal(number, root) if number else None
        if proposal is not None:
            await self._context.rows.end_settlement(proposal, ACTIVATED, None)

    # ---- what waits on the chain ----

    async def _activate(self, pool: PoolBook, pending: Pending, latest: Block) -> None:
        settlement = pool.recorded.get(pending.proposal)
        if settlement is None:
            self._complain(
                f"Settlement {pending.number} was proposed with hash {pending.proposal}, which the log does not know. "
                "Nothing is settled; the guardian should veto it."
            )
            return
        await self._keep(settlement)
        # Where a reorganisation undid its activation, its row goes back as well.
        await self._context.rows.note_proposed(pending.number, pending.ready_at * 1000, None)
        signer = self._context.signers.relayer or self._context.signers.operator
        if signer is None or latest.timestamp < pending.ready_at:
            return
        call = contracts.activate_call(proposal_of(settlement))
        receipt = await self._sender.send(signer, f"activate:{pending.number}", self._context.deployment.pool, call)
        if receipt is not None:
            await self._context.rows.end_settlement(pending.proposal, ACTIVATED, receipt.transaction)

    # ---- what follows ----

    async def _next(self, pool: PoolBook, anchored: int) -> None:
        number = pool.next_number
        made = await self._context.chain.proposal_count()
        if number > made + 1:
            self._complain(f"The log states the end of {number - 1} settlements, the pool has had {made} proposals.")
            return
        if number != made + 1 or number != pool.next_number_at(anchored):
            return  # the log, or its anchor, does not say yet how the last one ended
        recorded = pool.pending()
        if recorded is not None and recorded.proposal not in self._refused:
            await self._keep(recorded)
            await self._propose(recorded, anchored)
        elif self._requests.ready("settle", anchored) or await self._is_time(pool):
            await self._compute(pool, recorded, anchored)

    async def _is_time(self, pool: PoolBook) -> bool:
        """Whether a settlement that nobody asked for may be made: not after a veto, and not too often."""
        pace = self._context.pace
        if not pace.settle_automatically or (pool.ended and pool.ended[-1].verdict == "vetoed"):
            return False
        due_ms = await self._context.rows.last_due_ms()
        if due_ms is None:
            return True
        proposed_ms = due_ms - self._context.deployment.settlement_delay * 1000
        return self._context.clock.now_ms() - proposed_ms >= pace.settle_interval * 1000

    async def _compute(self, pool: PoolBook, recorded: Settlement | None, anchored: int) -> None:
        if anchored == self._nothing_at:
            settlement = None
        else:
            settlement = await self._context.work.run(rewards.compute, self._context.book, pool, anchored)
        if settlement is None or (recorded is not None and settlement.campaigns == recorded.campaigns):
            self._nothing_at = anchored
            await self._answer(anchored, "There is nothing new to settle.")
            return
        await self._context.record(settlement.statement(self._context.timestamp()))
        if settlement.proposal not in pool.recorded:
            self._complain(f"The book does not take settlement {settlement.number}, which it computed itself.")
            return
        await self._keep(settlement)
        await self._propose(settlement, anchored)

    async def _keep(self, settlement: Settlement) -> None:
        """The rows of a recorded settlement, made again if a crash or a restored database lost them."""
        if await self._context.rows.saved_proposal(settlement.number) != settlement.proposal:
            pool = self._context.book.pools[self._context.pool]
            tree = await self._context.work.run(pool.tree, settlement)
            await self._context.rows.save_settlement(settlement, tree.accounts)

    async def _propose(self, settlement: Settlement, anchored: int) -> None:
        signer = self._context.signers.reporter
        if signer is None or settlement.size > anchored:  # its anchor is gone again: it is anchored anew
            return
        call = contracts.propose_call(proposal_of(settlement))
        pool = self._context.deployment.pool
        try:
            receipt = await self._sender.send(signer, f"propose:{settlement.number}", pool, call)
        except TransactionError as error:
            if error.reason.startswith(_LASTING):
                self._refused.add(settlement.proposal)
                await self._answer(anchored, f"The contract refuses settlement {settlement.number}: {error.reason}.")
            raise
        if receipt is None:
            return
        pending = await self._context.chain.pending()
        await self._context.rows.note_proposed(settlement.number, pending.ready_at * 1000, receipt.transaction)
        await self._answer(anchored, f"Settlement {settlement.number} is proposed.")


def proposal_of(settlement: Settlement) -> Proposal:
    """The arguments of ``propose`` and ``activate``."""
    return Proposal(
        number=settlement.number,
        parent=settlement.parent,
        root=settlement.root,
        size=settlement.size,
        campaigns=tuple(line.onchain_id for line in settlement.campaigns),
        totals=tuple(line.total for line in settlement.campaigns),
        finals=tuple(line.final for line in settlement.campaigns),
    )
