"""Signatures that may take their time, and what signed bytes say."""

from __future__ import annotations

from typing import Protocol

from ledger.chain.signers import ReadTransaction, SignedTransaction, Signer, Transaction


class Signing(Protocol):
    """Signs without keeping the caller's thread: a remote signer may take its time."""

    async def sign(self, signer: Signer, transaction: Transaction) -> SignedTransaction:
        """Raises NodeError where a remote signer does not answer."""
        ...

    async def read(self, raw: bytes) -> ReadTransaction | None:
        """What signed bytes say, and who signed them; None where no signer of ours makes such bytes."""
        ...
