"""Claims that were asked for, paid in batches: the relayer pays the gas and cannot choose who is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from ledger.book.reward_tree import RewardTree
from ledger.chain import anchors, contracts
from ledger.chain.rpc import Node
from ledger.chain.signers import Signer
from ledger.db.tables import claim_requests
from ledger.errors import TransactionError
from ledger.worker import rows
from ledger.worker.context import Context
from ledger.worker.send import Sender

BATCH = 100
_MOST = 1_000
_UNCLEAR = "PaymentUnclear("
"""The contract's refusal of a batch in which one payment went wrong in a way that it cannot skip."""
ASKED, SENT, PAID, FAILED = "asked", "sent", "paid", "failed"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An open request of an account that the active settlement owes something."""

    id: str
    account: str


class Relaying:
    """Relays claims of one pool."""

    def __init__(self, context: Context, sender: Sender) -> None:
        self._context = context
        self._sender = sender
        self._tree: RewardTree | None = None

    async def relay(self, node: Node) -> None:
        """Pay what was asked for and is claimable, a batch a transaction, until one is not mined yet."""
        signer = self._context.signers.relayer
        requests = await self._open()
        if signer is None or not requests:
            return
        number, root, _ = await asyncio.to_thread(contracts.read_last_activated, node, self._context.deployment.pool)
        tree = await self._tree_of(number, root)
        if tree is None:
            return
        owed = await self._owed(node, tree, requests)
        for begin in range(0, len(owed), BATCH):
            if not await self._pay(node, signer, tree, owed[begin : begin + BATCH]):
                return

    async def _open(self) -> list[Row[Any]]:
        chain_id, pool = self._context.pool
        query = (
            select(claim_requests)
            .where(
                claim_requests.c.log == self._context.log,
                claim_requests.c.chain_id == chain_id,
                claim_requests.c.pool == pool,
                claim_requests.c.state.in_((ASKED, SENT)),
            )
            .order_by(claim_requests.c.at_ms, claim_requests.c.id)
            .limit(_MOST)
        )
        async with self._context.database.engine.connect() as connection:
            return list(await connection.execute(query))

    async def _tree_of(self, number: int, root: str) -> RewardTree | None:
        """The tree behind the active root; None before the first, or while it is not one that we know."""
        if self._tree is None or self._tree.root != root:
            accounts = await rows.tree_accounts(self._context, number)
            self._tree = await asyncio.to_thread(RewardTree, accounts)
        return self._tree if self._tree.root == root and self._tree.accounts else None

    async def _owed(self, node: Node, tree: RewardTree, requests: Sequence[Row[Any]]) -> list[_Wanted]:
        """The requests that a payment can answer; those of accounts that are paid up or have no share are closed."""
        shares = dict(tree.accounts)
        accounts = sorted({request.account for request in requests} & shares.keys())
        claimed = await rows.read_claimed(self._context, node, accounts, "latest")
        owed: list[_Wanted] = []
        for request in requests:
            share = shares.get(request.account)
            if share is None:
                await self._set([request.id], FAILED, detail="This account has no share in the active settlement.")
                continue
            if claimed[request.account] >= share:
                await self._set([request.id], PAID)
            else:
                owed.append(_Wanted(request.id, request.account))
        return owed

    async def _pay(self, node: Node, signer: Signer, tree: RewardTree, batch: Sequence[_Wanted]) -> bool:
        """One transaction for a batch; False while it is not mined."""
        proof = tree.multiproof([each.account for each in batch])
        call = contracts.claim_many_call(proof.accounts, proof.cumulatives, proof.proof, proof.flags)
        pool = self._context.deployment.pool
        await self._set([each.id for each in batch], SENT)
        try:
            receipt = await self._sender.send(node, signer, f"claim:{len(proof.accounts)}", pool, call)
        except TransactionError as error:
            if not error.reason.startswith(_UNCLEAR):
                raise
            return await self._pay_apart(node, signer, tree, batch)
        if receipt is None:
            return False
        claimed = anchors.claims_in(receipt, pool)
        await rows.note_claims(self._context, node, claimed, receipt.block, final=False)
        accounts = {event.account for event in claimed}
        paid = [each.id for each in batch if each.account in accounts]
        skipped = [each.id for each in batch if each.account not in accounts]
        await self._set(paid, PAID, transaction=receipt.transaction)
        words = "The token or the recipient refused the payment; it stays claimable."
        await self._set(skipped, FAILED, transaction=receipt.transaction, detail=words)
        return True

    async def _pay_apart(self, node: Node, signer: Signer, tree: RewardTree, batch: Sequence[_Wanted]) -> bool:
        """Halves of a batch that the contract refuses as a whole, until the account is alone that it refuses it for."""
        if len(batch) == 1:
            await self._set([batch[0].id], FAILED, detail="The token said no and may have paid all the same; ask it.")
            return True
        middle = len(batch) // 2
        return await self._pay(node, signer, tree, batch[:middle]) and await self._pay(
            node, signer, tree, batch[middle:]
        )

    async def _set(self, requests: Sequence[str], state: str, **values: Any) -> None:
        if not requests:
            return
        async with self._context.database.begin() as connection:
            await connection.execute(
                update(claim_requests)
                .where(claim_requests.c.log == self._context.log, claim_requests.c.id.in_(requests))
                .values(state=state, **values)
            )
