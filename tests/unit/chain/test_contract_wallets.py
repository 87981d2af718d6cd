from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.contract_wallets import IS_VALID_SIGNATURE, accepts_signature
from ledger.chain.rpc import BlockTag, Node, Refusal
from ledger.errors import TransactionError

WALLET = "0x" + 40 * "c"
GOOD = IS_VALID_SIGNATURE + bytes(28)


class Answering(Node):
    """A node of one answer, which keeps what it was asked."""

    def __init__(self, answer: bytes | Exception) -> None:
        super().__init__("http://127.0.0.1:9")
        self.answer = answer
        self.asked: tuple[str, bytes, BlockTag] | None = None

    def call(self, to: str, call_data: bytes, tag: BlockTag = "latest", *, sender: str | None = None) -> bytes:
        self.asked = to, call_data, tag
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture(scope="module")
def good() -> Iterator[Answering]:
    with Answering(GOOD) as node:
        yield node


@given(digest=st.binary(min_size=32, max_size=32), signature=st.binary(max_size=200))
def test_the_call_is_what_the_abi_says(good: Answering, digest: bytes, signature: bytes) -> None:
    assert accepts_signature(good, WALLET, digest, signature, 7)
    call = bytes.fromhex("1626ba7e") + encode(["bytes32", "bytes"], [digest, signature])
    assert good.asked == (WALLET, call, 7)


@pytest.mark.parametrize(
    "answer",
    [b"", bytes(32), IS_VALID_SIGNATURE, GOOD + bytes(32), bytes(28) + IS_VALID_SIGNATURE, TransactionError("no")],
)
def test_anything_else_is_no(answer: bytes | Exception) -> None:
    with Answering(answer) as node:
        assert not accepts_signature(node, WALLET, bytes(32), b"s")


def test_a_node_that_cannot_say_is_no_answer() -> None:
    with Answering(Refusal("The node refuses.", "missing trie node")) as node, pytest.raises(Refusal):
        accepts_signature(node, WALLET, bytes(32), b"s")
