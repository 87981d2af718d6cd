"""What a transaction needs before it is signed, and how it is waited for afterwards."""

from __future__ import annotations

import time

from ledger.chain.answers import TransactionReceipt
from ledger.chain.rpc import Node
from ledger.chain.signers import Transaction
from ledger.errors import NodeError, TransactionError

MAX_GAS = 16_777_216
"""What one transaction may use (EIP-7825)."""
_POLL_SECONDS = 0.05
_MOST_POLL_SECONDS = 1.0


def prepare(node: Node, sender: str, to: str | None, data: bytes, *, chain_id: int, nonce: int) -> Transaction:
    """A transaction with gas and fees as of now: a quarter more gas than estimated, room for two doubled base fees.

    Raises TransactionError with the contract's reason if it would fail, or if it needs more than ``MAX_GAS``.
    """
    gas = node.estimate_gas(sender, to, data)
    if gas > MAX_GAS:
        raise TransactionError(
            f"The transaction would need {gas} gas; {MAX_GAS} are allowed.", remedy="Send less in one transaction."
        )
    priority = node.priority_fee()
    base_fee = node.block("latest").base_fee
    if base_fee is None:
        raise NodeError("The chain knows no EIP-1559 fees.", remedy="Use a chain that does.")
    return Transaction(
        chain_id=chain_id,
        nonce=nonce,
        to=to,
        data=data,
        gas=min(MAX_GAS, gas + gas // 4 + 10_000),
        max_fee=2 * base_fee + priority,
        priority_fee=priority,
    )


def wait_for(node: Node, transaction: str, seconds: float) -> TransactionReceipt | None:
    """The receipt of a transaction as soon as it is mined; None if it is not within ``seconds``."""
    deadline = time.monotonic() + seconds
    pause = _POLL_SECONDS
    while (receipt := node.receipt(transaction)) is None:
        if time.monotonic() >= deadline:
            return None
        time.sleep(pause)
        pause = min(2 * pause, _MOST_POLL_SECONDS)
    return receipt


def failure(node: Node, receipt: TransactionReceipt, data: bytes) -> TransactionError:
    """The error of a transaction that was mined and failed; the reason is found by calling again at its block."""
    reason = ""
    if receipt.to is not None:
        try:
            node.call(receipt.to, data, receipt.block, sender=receipt.sender)
        except TransactionError as error:
            reason = error.reason
        except NodeError:
            pass  # the node keeps no state of that block any more: the failure counts without its reason
    return TransactionError(
        f"The transaction {receipt.transaction} failed in block {receipt.block}: {reason or 'no reason given'}.",
        reason=reason,
    )
