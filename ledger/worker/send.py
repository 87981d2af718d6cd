"""Transactions that survive a crash: saved with nonce, bytes and hash before they are sent, looked after until mined.

An account has one transaction under way at a time. Whether something must be sent at all is for the caller to see from
the contract's state: a transaction that got lost, or was undone by a reorganisation, is then simply made anew.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, and_, insert, select, update

from ledger.chain import transactions as chain_transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.rpc import Node
from ledger.chain.signers import SignedTransaction, Signer, Transaction
from ledger.db.tables import transactions
from ledger.errors import ChainError, TransactionError
from ledger.worker.context import Context

_LOGGER = logging.getLogger(__name__)
STUCK_MS = 10 * 60 * 1000
"""After how long without being mined a transaction is spoken of."""
SENT, MINED, FINAL, FAILED, LOST = "sent", "mined", "final", "failed", "lost"


class Sender:
    """Sends for all roles of one worker."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stuck: set[str] = set()
        self._ours = and_(transactions.c.log == context.log, transactions.c.chain_id == context.deployment.chain_id)

    async def reconcile(self, node: Node, finalized: int) -> None:
        """Look after every transaction that is under way: mined, to be sent again, or lost."""
        for row in await self._rows(transactions.c.state == SENT):
            await self._look_after(node, row)
        for row in await self._rows(and_(transactions.c.state == MINED, transactions.c.block <= finalized)):
            await self._set(row.hash, state=FINAL)

    async def send(self, node: Node, signer: Signer, purpose: str, to: str, data: bytes) -> TransactionReceipt | None:
        """Send one transaction and wait a little; its receipt, or None while it, or one before it, is not mined.

        Raises TransactionError with the contract's reason if it is refused, before or after it is mined.
        """
        if await self._rows(and_(transactions.c.state == SENT, transactions.c.sender == signer.address)):
            return None
        prepared, signed = await asyncio.to_thread(self._sign, node, signer, to, data)
        await self._save(signer.address, purpose, prepared, signed)
        try:
            await asyncio.to_thread(node.send_raw, signed.raw)
        except TransactionError as error:
            if not await asyncio.to_thread(node.knows, signed.hash):
                await self._set(signed.hash, state=LOST, detail=error.reason)
                raise
        _LOGGER.info("Sent %s in transaction %s.", purpose, signed.hash)
        wait = self._context.pace.mining_wait
        receipt = await asyncio.to_thread(chain_transactions.wait_for, node, signed.hash, wait)
        if receipt is None:
            return None
        await self._mined(node, receipt, data)
        return receipt

    def _sign(self, node: Node, signer: Signer, to: str, data: bytes) -> tuple[Transaction, SignedTransaction]:
        prepared = chain_transactions.prepare(
            node,
            signer.address,
            to,
            data,
            chain_id=self._context.deployment.chain_id,
            nonce=node.nonce(signer.address, "pending"),
        )
        return prepared, signer.sign_transaction(prepared)

    async def _save(self, sender: str, purpose: str, prepared: Transaction, signed: SignedTransaction) -> None:
        row = {
            "log": self._context.log,
            "chain_id": prepared.chain_id,
            "sender": sender,
            "nonce": prepared.nonce,
            "hash": signed.hash,
            "raw": signed.raw,
            "purpose": purpose,
            "state": SENT,
            "at_ms": self._context.now_ms(),
        }
        async with self._context.database.begin() as connection:
            await self._context.lease.check(connection)
            # The very same bytes may have been lost before, with a node that forgot them.
            known = await connection.execute(
                update(transactions).where(self._ours, transactions.c.hash == signed.hash).values(row)
            )
            if known.rowcount == 0:
                await connection.execute(insert(transactions).values(row))

    async def _look_after(self, node: Node, row: Row[Any]) -> None:
        receipt = await asyncio.to_thread(node.receipt, row.hash)
        if receipt is not None:
            try:
                await self._mined(node, receipt, None)
            except TransactionError as error:
                _LOGGER.warning("%s (%s)", error, row.purpose)
            return
        if await asyncio.to_thread(node.nonce, row.sender, "latest") > row.nonce:
            await self._set(row.hash, state=LOST, detail="another transaction took its nonce")
            return
        if row.hash not in self._stuck and self._context.now_ms() - row.at_ms > STUCK_MS:
            _LOGGER.warning("%s waits to be mined for long; %s can send nothing else.", row.purpose, row.sender)
            self._stuck.add(row.hash)
        try:
            await asyncio.to_thread(node.send_raw, row.raw)
        except TransactionError as error:
            if not await asyncio.to_thread(node.knows, row.hash):
                _LOGGER.warning("The node takes %s no more: %s", row.purpose, error)
                await self._set(row.hash, state=LOST, detail=error.reason)

    async def _mined(self, node: Node, receipt: TransactionReceipt, data: bytes | None) -> None:
        if receipt.succeeded:
            await self._set(receipt.transaction, state=MINED, block=receipt.block)
            return
        failure = TransactionError(f"The transaction {receipt.transaction} failed in block {receipt.block}.")
        if data is not None:
            with suppress(ChainError):  # what counts is that it failed
                failure = await asyncio.to_thread(chain_transactions.failure, node, receipt, data)
        await self._set(receipt.transaction, state=FAILED, block=receipt.block, detail=failure.reason)
        raise failure

    async def _rows(self, which: Any) -> list[Row[Any]]:
        async with self._context.database.engine.connect() as connection:
            rows = await connection.execute(
                select(transactions).where(self._ours, which).order_by(transactions.c.nonce)
            )
            return list(rows)

    async def _set(self, hash_: str, **values: Any) -> None:
        async with self._context.database.begin() as connection:
            await connection.execute(
                update(transactions).where(self._ours, transactions.c.hash == hash_).values(**values)
            )
