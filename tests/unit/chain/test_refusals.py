"""The words that nodes have for it, whole as they say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.refusals import read_refusal

HASH = "0x" + "ab" * 32


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("already known", "accepted"),
        ("known transaction: " + HASH[2:], "accepted"),
        ("Known transaction", "accepted"),
        ("ALREADY_EXISTS: already known", "accepted"),
        ("AlreadyKnown", "accepted"),
        (f"Tx: [{HASH}] already Imported", "accepted"),
        ("transaction already imported", "accepted"),
        ("Transaction with the same hash was already imported.", "accepted"),
        ("existing txn with same hash", "accepted"),
        ("insufficient funds for gas * price + value: balance 0, tx cost 21000, overshot 21000", "no-funds"),
        ("Insufficient funds for gas * price + value", "no-funds"),
        ("insufficient funds for gas * price + value: have 1 want 2", "no-funds"),
        ("INTERNAL_ERROR: insufficient funds", "no-funds"),
        ("insufficient funds", "no-funds"),
        ("InsufficientFunds, Account balance: 0, cumulative cost: 1", "no-funds"),
        ("Upfront cost exceeds account balance", "no-funds"),
        ("Insufficient funds. The account you tried to send transaction from does not have enough funds.", "no-funds"),
        ("intrinsic gas too low: gas 20999, minimum needed 21000", "refused"),
        ("INTERNAL_ERROR: IntrinsicGas", "refused"),
        ("Intrinsic gas exceeds gas limit", "refused"),
        ("exceeds block gas limit", "refused"),
        ("Transaction gas limit exceeds block gas limit", "refused"),
        ("transaction gas limit too high (cap: 16777216, tx: 16777217)", "refused"),
        ("TxGasLimitCapExceeded: Gas limit 16777217 exceeded cap of 16777216.", "refused"),
        ("exceeds max transaction gas limit", "refused"),
        ("invalid sender: invalid chain id for signer: have 1 want 2", "refused"),
        ("transaction type not supported: type 2 rejected, pool not yet in London", "refused"),
        ("max priority fee per gas higher than max fee per gas", "refused"),
        ("tx fee (1.10 ether) exceeds the configured cap (1.00 ether)", "refused"),
        ("oversized data: transaction size 131073, limit 131072", "refused"),
        ("nonce too low", "unknown"),
        ("nonce too low: next nonce 4, tx nonce 3", "unknown"),
        ("Nonce too high", "unknown"),
        ("replacement transaction underpriced", "unknown"),
        ("insufficient gas price to replace existing transaction", "unknown"),
        ("transaction underpriced: gas tip cap 0, minimum needed 1", "unknown"),
        ("max fee per gas less than block base fee", "unknown"),
        ("Gas price below current base fee", "unknown"),
        ("txpool is full", "unknown"),
        ("INTERNAL_ERROR: pending sub-pool is full", "unknown"),
        ("could not replace existing tx", "unknown"),
        ("address already reserved", "unknown"),
        ("gas limit reached", "unknown"),
        ("Initial sync is still in progress", "unknown"),
        ("Your account has insufficient funds: top up your plan", "unknown"),
        ("daily request count exceeded, request rate limited", "unknown"),
        ("Your app has exceeded its compute units per second capacity", "unknown"),
        ("execution reverted", "unknown"),
        ("Internal error", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_nodes_say(words: str, verdict: str) -> None:
    assert read_refusal(words) == verdict


@given(st.text(max_size=300))
def test_any_words_have_a_meaning(words: str) -> None:
    assert read_refusal(words) in ("accepted", "refused", "no-funds", "unknown")
    assert read_refusal("already known. " + words) == "accepted"
