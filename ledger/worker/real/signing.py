"""Signing in a thread: a remote signer may take its time, and a local key some milliseconds."""

from __future__ import annotations

import asyncio

from ledger.chain.signers import SignedTransaction, Signer, Transaction


class ThreadSigning:
    """See :class:`ledger.worker.ports.Signing`."""

    async def sign(self, signer: Signer, transaction: Transaction) -> SignedTransaction:
        """Raises NodeError where a remote signer does not answer, or signs something else."""
        return await asyncio.to_thread(signer.sign_transaction, transaction)
