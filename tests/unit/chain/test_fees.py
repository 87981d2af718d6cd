"""What attempts may cost: never above the cap, never a replacement that nodes find too cheap."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.chain.fees import Bid, FeePolicy, first_fees, gas_limit, raised_fees
from ledger.chain.transactions import Fees
from ledger.errors import TransactionError

_WEI = st.integers(0, 10**12)
_POLICIES = st.builds(FeePolicy, cap=st.integers(1, 10**12), replace_after=st.just(60.0))


@st.composite
def _markets(draw: st.DrawFn, legacy: bool | None = None) -> Fees:
    price = draw(_WEI)
    is_legacy = draw(st.booleans()) if legacy is None else legacy
    return Fees(price, None if is_legacy else draw(st.integers(0, price)))


@given(st.integers(0, 2 * 10**7), _POLICIES)
def test_gas_has_headroom_below_what_a_transaction_may_use(estimate: int, policy: FeePolicy) -> None:
    if estimate > policy.max_gas:
        with pytest.raises(TransactionError) as error:
            gas_limit(estimate, policy)
        assert error.value.reason == "gas-limit"
        return
    gas = gas_limit(estimate, policy)
    assert estimate <= gas < 16_777_216
    assert gas == policy.max_gas or gas >= Fraction(5, 4) * estimate + 9_999


@given(_markets(), _POLICIES)
def test_the_first_attempt_can_be_mined_now_and_never_costs_more_than_the_cap(market: Fees, policy: FeePolicy) -> None:
    if market.price > policy.cap:
        with pytest.raises(TransactionError) as error:
            first_fees(market, policy)
        assert error.value.reason == "fee-cap"
        return
    bid = first_fees(market, policy)
    assert market.price <= bid.max_fee <= policy.cap
    assert (bid.priority_fee is None) == (market.priority is None)
    if market.priority is not None:
        assert bid.priority_fee == market.priority
        assert bid.max_fee == min(policy.cap, 2 * market.price - market.priority)


@given(_markets(), _markets(), _POLICIES)
def test_a_raise_is_an_eighth_in_both_fees_and_never_above_the_cap(first: Fees, then: Fees, policy: FeePolicy) -> None:
    assume(first.price <= policy.cap)
    before = first_fees(first, policy)
    for _ in range(8):
        bid = raised_fees(before, then, policy)
        if bid is None:
            assert before.max_fee * Fraction(9, 8) > policy.cap or before.max_fee + 1 > policy.cap
            return
        assert bid.max_fee <= policy.cap
        assert bid.max_fee >= Fraction(9, 8) * before.max_fee
        assert bid.max_fee > before.max_fee
        assert bid.max_fee >= min(then.price, policy.cap), "no lower than what the market asks"
        assert (bid.priority_fee is None) == (before.priority_fee is None)
        if bid.priority_fee is not None and before.priority_fee is not None:
            assert before.priority_fee < bid.priority_fee <= bid.max_fee
            assert bid.priority_fee >= Fraction(9, 8) * before.priority_fee
        before = bid


def test_at_the_cap_there_is_no_raise() -> None:
    policy = FeePolicy(cap=100, replace_after=60)
    assert raised_fees(Bid(88, 1), Fees(10, 1), policy) == Bid(99, 2)
    assert raised_fees(Bid(89, 1), Fees(10, 1), policy) is None
    assert raised_fees(Bid(80, 1), Fees(400, 300), policy) == Bid(100, 100)
