"""What a transaction may cost: gas and fees of the first attempt, and of those that replace it. Pure; wei a gas."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import rpc
from ledger.chain.transactions import Fees
from ledger.errors import TransactionError

FILL_GAS = 21_000
"""What a transfer to an account without code needs (Yellow Paper, G_transaction)."""
FEE_CAP, GAS_LIMIT, LOW_BALANCE = "fee-cap", rpc.GAS_LIMIT, "low-balance"
"""Reasons for which nothing is sent, and no nonce used."""
_RAISE = 1_125
"""Thousandths. Nodes ask for 10 % more in both fees of a replacement, or 12.5 % (geth's and others' ``pricebump``)."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """What we are ready to pay. ``cap`` in wei a gas; ``replace_after`` in seconds without being mined."""

    cap: int
    replace_after: float
    max_gas: int = 16_777_215
    """Below what a transaction may use (EIP-7825)."""


@dataclass(frozen=True, slots=True)
class Bid:
    """The fees of one attempt: ``priority_fee`` is None on a chain without EIP-1559, where ``max_fee`` is the price."""

    max_fee: int
    priority_fee: int | None


def gas_limit(estimate: int, policy: FeePolicy) -> int:
    """Gas to send with: a quarter and 10,000 more than estimated, for what changes until it is mined.

    Raises TransactionError (``gas-limit``) where already the estimate is more than one transaction may use.
    """
    if estimate > policy.max_gas:
        raise TransactionError(
            f"The transaction would need {estimate} gas; {policy.max_gas} are allowed.",
            reason=GAS_LIMIT,
            remedy="Send less in one transaction.",
        )
    return min(policy.max_gas, estimate + estimate // 4 + 10_000)


def first_fees(market: Fees, policy: FeePolicy) -> Bid:
    """The first attempt's: room for a doubled base fee (EIP-1559: it at most doubles in six blocks), else an eighth.

    Raises TransactionError (``fee-cap``) where gas costs more than the cap now: it could not be mined.
    """
    if market.price > policy.cap:
        raise TransactionError(
            f"Gas costs {market.price} wei now; the cap is {policy.cap} wei.",
            reason=FEE_CAP,
            remedy="Wait until gas is cheaper, or raise fee_cap_wei.",
        )
    return _capped(_asked(market), policy.cap)


def raised_fees(before: Bid, market: Fees, policy: FeePolicy) -> Bid | None:
    """Those of an attempt that replaces others, of which ``before`` holds the highest: both an eighth more at least.

    No lower than what the market asks, as far as the cap lets it; None where the cap leaves no room for the eighth.
    """
    least = _raised(before.max_fee)
    if least > policy.cap:
        return None
    asked = _asked(market)
    max_fee = min(policy.cap, max(least, asked.max_fee))
    if before.priority_fee is None:
        return Bid(max_fee, None)
    tip = max(_raised(before.priority_fee), asked.priority_fee or 0)
    return _capped(Bid(max(max_fee, tip), tip), policy.cap)


def _asked(market: Fees) -> Bid:
    if market.priority is None:
        return Bid(_raised(market.price), None)
    return Bid(2 * (market.price - market.priority) + market.priority, market.priority)


def _raised(fee: int) -> int:
    """12.5 % more, rounded up; more in any case, for a replacement of a fee of 0 is still one."""
    return max(fee + 1, -(-fee * _RAISE // 1_000))


def _capped(bid: Bid, cap: int) -> Bid:
    max_fee = min(bid.max_fee, cap)
    return Bid(max_fee, None if bid.priority_fee is None else min(bid.priority_fee, max_fee))
