"""Signatures that may take their time."""

from __future__ import annotations

from typing import Protocol

from ledger.chain.signers import SignedTransaction, Signer, Transaction


class Signing(Protocol):
    """Signs without keeping the caller's thread: a remote signer may take its time."""

    async def sign(self, signer: Signer, transaction: Transaction) -> SignedTransaction:
        """Raises NodeError where a remote signer does not answer."""
        ...
