"""Where a contract comes to stand, against another encoder and addresses that anybody can look up; what gas costs."""

from __future__ import annotations

from random import Random

import pytest
import rlp
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.answers import fee_history
from ledger.chain.rpc import Node
from ledger.chain.transactions import LEAST_TIP, Fees, made_address, present_fees, usual_tip
from ledger.errors import NodeError
from tests.unit.chain.liars import lying

CRYPTO_KITTIES = ("0xba52c75764d6f594735dc735be7f1830cdf58ddf", 3515, "0x06012c8cf97bead5deae237070f9587f8e7a266d")
EXAMPLE = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"


@pytest.mark.parametrize(
    ("sender", "nonce", "made"),
    [
        (EXAMPLE, 0, "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"),
        (EXAMPLE, 1, "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"),
        CRYPTO_KITTIES,
    ],
)
def test_contracts_that_everybody_knows(sender: str, nonce: int, made: str) -> None:
    assert made_address(sender, nonce) == made


@given(st.binary(min_size=20, max_size=20), st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 2)))
def test_another_encoder(sender: bytes, nonce: int) -> None:
    made = keccak(rlp.encode([sender, nonce]))[12:]
    assert made_address("0x" + sender.hex(), nonce) == "0x" + made.hex()


@given(st.lists(st.integers(0, 10**12), max_size=20), st.randoms(use_true_random=False))
def test_the_usual_tip_is_one_that_somebody_paid(tips: list[int], random: Random) -> None:
    found = usual_tip(tips)
    paid = [tip for tip in tips if tip]
    if not paid:
        assert found is None
        return
    assert found is not None
    assert found == LEAST_TIP or found in paid
    assert LEAST_TIP <= found <= max(*paid, LEAST_TIP)
    assert sum(tip > found for tip in paid) <= len(paid) // 2
    random.shuffle(tips)
    assert usual_tip(tips) == found


GWEI = 10**9
BLOCK = {"number": "0x9", "hash": "0x" + "ab" * 32, "timestamp": "0x5", "baseFeePerGas": hex(7 * GWEI)}
HISTORY = {"oldestBlock": "0x8", "baseFeePerGas": [hex(fee * GWEI) for fee in (6, 7, 8)]}
NO_METHOD = Exception("the method does not exist")


@pytest.mark.parametrize(
    ("said", "fees"),
    [
        ({"eth_feeHistory": HISTORY | {"reward": [["0x0"], [hex(2 * GWEI)]]}}, Fees(10 * GWEI, 2 * GWEI)),
        ({"eth_feeHistory": HISTORY | {"reward": [["0x1"], ["0x2"]]}}, Fees(8 * GWEI + LEAST_TIP, LEAST_TIP)),
        ({"eth_feeHistory": HISTORY | {"reward": [["0x0"], ["0x0"]]}}, Fees(11 * GWEI, 3 * GWEI)),
        ({"eth_feeHistory": HISTORY | {"reward": None}}, Fees(11 * GWEI, 3 * GWEI)),
        ({"eth_feeHistory": HISTORY}, Fees(11 * GWEI, 3 * GWEI)),
        ({"eth_feeHistory": NO_METHOD}, Fees(10 * GWEI, 3 * GWEI)),
        ({"eth_feeHistory": NO_METHOD, "eth_maxPriorityFeePerGas": NO_METHOD}, Fees(12 * GWEI, 5 * GWEI)),
        ({"eth_feeHistory": HISTORY, "eth_maxPriorityFeePerGas": "0x0"}, Fees(8 * GWEI + LEAST_TIP, LEAST_TIP)),
        ({"eth_getBlockByNumber": BLOCK | {"baseFeePerGas": None}}, Fees(12 * GWEI, None)),
    ],
)
def test_what_gas_costs_by_what_a_node_says(said: dict[str, object], fees: Fees) -> None:
    usual: dict[str, object] = {
        "eth_getBlockByNumber": BLOCK,
        "eth_maxPriorityFeePerGas": hex(3 * GWEI),
        "eth_gasPrice": hex(12 * GWEI),
    }
    with lying() as liars, Node(liars[0].url) as node:
        liars[0].by_method(usual | said)
        assert present_fees(node) == fees


@pytest.mark.parametrize(
    "wrong",
    [
        {"baseFeePerGas": []},
        {"baseFeePerGas": None},
        {"baseFeePerGas": ["0x1"] * 12},
        {"baseFeePerGas": ["7", "8"]},
        {"reward": [["0x1"]] * 11},
        {"reward": [["0x1", "0x2"]]},
        {"reward": [[]]},
        {"reward": ["0x1"]},
        {"reward": [["-0x1"]]},
        {"reward": {}},
    ],
)
def test_a_fee_history_that_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(NodeError, match="nonsense"):
        fee_history(HISTORY | wrong, 10)
