"""Where a contract comes to stand, against another encoder and addresses that anybody can look up."""

from __future__ import annotations

import pytest
import rlp
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.transactions import made_address

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
