"""Signing in a thread: a remote signer may take its time, and a local key some milliseconds."""

from __future__ import annotations

import asyncio

from ledger.chain.signers import ReadTransaction, SignedTransaction, Signer, Transaction, read_transaction


class ThreadSigning:
    """See :class:`ledger.worker.ports.Signing`."""

    async def sign(self, signer: Signer, transaction: Transaction) -> SignedTransaction:
        """Raises NodeError where a remote signer does not answer, or signs something else."""
        return await asyncio.to_thread(signer.sign_transaction, transaction)

    async def read(self, raw: bytes) -> ReadTransaction | None:
        """See :class:`ledger.worker.ports.Signing`."""
        return await asyncio.to_thread(read_transaction, raw)
