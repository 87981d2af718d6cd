"""What a transaction needs before it is signed, and how it is waited for afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.chain import rlp
from ledger.chain.answers import FeeHistory, TransactionReceipt
from ledger.chain.rpc import Node, Refusal
from ledger.chain.signers import Transaction
from ledger.errors import NodeError, TransactionError
from ledger.statements.onchain import keccak256

MAX_GAS = 16_777_216
"""What one transaction may use (EIP-7825)."""
LEAST_TIP = 1_000_000
"""Wei a gas: nodes pass on nothing, or not soon, that tips less."""
_FEE_BLOCKS, _USUAL_PERCENT = 10, 50
_POLL_SECONDS = 0.05
_MOST_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Fees:
    """What gas costs now, in wei a gas: ``price`` in all, of which ``priority`` is the tip.

    ``priority`` is None where a chain has no EIP-1559 fees.
    """

    price: int
    priority: int | None


def present_fees(node: Node) -> Fees:
    """What a transaction would pay in the next block, with the tip that was usual in the last ones."""
    base_fee = node.block("latest").base_fee
    if base_fee is None:
        return Fees(node.gas_price(), None)
    try:
        history = node.fee_history(_FEE_BLOCKS, _USUAL_PERCENT)
    except Refusal:  # a node without eth_feeHistory
        history = FeeHistory(base_fee, ())
    tip = usual_tip(history.tips)
    if tip is None:
        tip = _suggested_tip(node, history.next_base_fee)
    return Fees(history.next_base_fee + tip, tip)


def usual_tip(tips: Sequence[int]) -> int | None:
    """The median of what blocks' transactions tipped, at least ``LEAST_TIP``; None where no block had any.

    Nodes say 0 of a block without transactions, which says nothing of what one has to tip.
    """
    paid = sorted(tip for tip in tips if tip > 0)
    return max(LEAST_TIP, paid[len(paid) // 2]) if paid else None


def _suggested_tip(node: Node, base_fee: int) -> int:
    try:
        suggested = node.priority_fee()
    except Refusal:  # a node that does not suggest a tip
        suggested = node.gas_price() - base_fee
    return max(LEAST_TIP, suggested)


def prepare(
    node: Node,
    sender: str,
    to: str | None,
    data: bytes,
    *,
    chain_id: int,
    nonce: int,
    fee_cap: int | None = None,
) -> Transaction:
    """A transaction with gas and fees as of now: a quarter more gas than estimated, room for a doubled base fee.

    ``fee_cap`` is the most that gas may cost, in wei a gas. Raises TransactionError with the contract's reason if it
    would fail, if it needs more than ``MAX_GAS``, or if gas costs more than the cap now.
    """
    gas = node.estimate_gas(sender, to, data)
    if gas > MAX_GAS:
        raise TransactionError(
            f"The transaction would need {gas} gas; {MAX_GAS} are allowed.", remedy="Send less in one transaction."
        )
    fees = present_fees(node)
    if fee_cap is not None and fees.price > fee_cap:
        raise TransactionError(
            f"Gas costs {fees.price} wei now; the cap is {fee_cap} wei.", remedy="Wait, or raise the cap."
        )
    # The base fee at most doubles in six blocks (EIP-1559); without one the price is what it is.
    most = fees.price if fees.priority is None else 2 * (fees.price - fees.priority) + fees.priority
    return Transaction(
        chain_id=chain_id,
        nonce=nonce,
        to=to,
        data=data,
        gas=min(MAX_GAS, gas + gas // 4 + 10_000),
        max_fee=most if fee_cap is None else min(most, fee_cap),
        priority_fee=fees.priority,
    )


def made_address(sender: str, nonce: int) -> str:
    """Where the contract stands that a transaction makes: by its sender and nonce alone (Yellow Paper, section 7)."""
    fields = rlp.encode([bytes.fromhex(sender[2:]), rlp.number(nonce)])
    return "0x" + keccak256(fields)[12:].hex()


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
