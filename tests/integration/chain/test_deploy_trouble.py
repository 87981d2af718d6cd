"""Transactions that are dropped, stuck, overtaken or undone, chains without EIP-1559, gas that costs too much."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import answers, transactions
from ledger.chain.answers import Block, TransactionReceipt
from ledger.chain.deploy import Sending, Terms, deploy, differences, read_standing
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import BlockTag, Node
from ledger.chain.signers import LocalSigner, RemoteSigner
from ledger.errors import ConfigError, NodeError, TransactionError
from tests.integration.chain.conftest import send


def transaction(chain: DevChain, block: int, index: int = 0) -> Any:
    return chain.rpc("eth_getTransactionByBlockNumberAndIndex", hex(block), hex(index))


def test_a_dropped_transaction_is_sent_again_for_more(
    chain: DevChain, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Forgetful(Node):
        dropped: bytes | None = None

        def send_raw(self, raw: bytes) -> str:
            if self.dropped is None:
                self.dropped = raw  # it says that it took it
                return "0x" + 64 * "0"
            assert raw != self.dropped
            return super().send_raw(raw)

    said: list[str] = []
    with Forgetful(chain.url) as node:
        deployment = deploy(node, operator, terms, tmp_path, Sending(replace_after=0.2, say=said.append))
        assert differences(deployment, read_standing(node, deployment), terms) == []
        assert node.nonce(operator.address) == 4
        assert sum("replaced with a higher fee" in words for words in said) == 1


def test_a_stuck_transaction_is_replaced_and_either_may_win(
    operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    with DevChain(mining=("--no-mining",)) as chain:

        class Slow(Node):
            sent = 0

            def send_raw(self, raw: bytes) -> str:
                answer = super().send_raw(raw)
                self.sent += 1
                if self.sent != 1:
                    chain.rpc("evm_mine")
                return answer

        with Slow(chain.url) as node:
            deployment = deploy(node, operator, terms, tmp_path, Sending(replace_after=0.2))
            assert differences(deployment, read_standing(node, deployment), terms) == []
            assert node.sent == 5
            assert node.nonce(operator.address, "latest") == 4


def test_what_has_become_too_cheap_to_send_is_replaced(operator: LocalSigner, terms: Terms, tmp_path: Path) -> None:
    class Cut(Node):
        def send_raw(self, raw: bytes) -> str:
            raise NodeError("cut")

    with DevChain() as chain, Node(chain.url) as node:
        with Cut(chain.url) as cut, pytest.raises(NodeError):
            deploy(cut, operator, terms, tmp_path)
        (attempt,) = json.loads((tmp_path / "31337.unfinished.json").read_text())["steps"]["contribution_log"][
            "attempts"
        ]
        chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(2 * attempt["max_fee"]))
        chain.rpc("evm_mine")
        with pytest.raises(TransactionError, match="less than block base fee"):
            node.send_raw(bytes.fromhex(attempt["raw"][2:]))
        deployment = deploy(node, operator, terms, tmp_path)
        assert differences(deployment, read_standing(node, deployment), terms) == []
        assert node.nonce(operator.address) == 4


def test_a_fee_never_rises_above_its_cap(operator: LocalSigner, terms: Terms, tmp_path: Path) -> None:
    with DevChain(mining=("--no-mining",)) as chain, Node(chain.url) as node:
        price = transactions.present_fees(node).price
        with pytest.raises(TransactionError, match="wei now; the cap is 5 wei"):
            deploy(node, operator, terms, tmp_path, Sending(fee_cap=5))
        said: list[str] = []
        sending = Sending(fee_cap=price + price // 5, replace_after=0.1, patience=1.0, say=said.append)
        with pytest.raises(TransactionError, match=r"\(step 'contribution_log'\) is not mined after 1 s"):
            deploy(node, operator, terms, tmp_path, sending)
        assert any("the fee has reached its cap" in words for words in said)
        saved = json.loads((tmp_path / "31337.unfinished.json").read_text())
        fees = [each["max_fee"] for each in saved["steps"]["contribution_log"]["attempts"]]
        assert max(fees) <= price + price // 5


def test_a_nonce_that_another_transaction_took(
    chain: DevChain, node: Node, operator: LocalSigner, stranger: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Cut(Node):
        def send_raw(self, raw: bytes) -> str:
            raise NodeError("cut")

    with Cut(chain.url) as cut, pytest.raises(NodeError):
        deploy(cut, operator, terms, tmp_path)
    send(node, operator, stranger.address, b"")
    said: list[str] = []
    deployment = deploy(node, operator, terms, tmp_path, Sending(lost_after=0.2, say=said.append))
    assert differences(deployment, read_standing(node, deployment), terms) == []
    assert any("another transaction took its nonce" in words for words in said)
    assert node.nonce(operator.address) == 5


def test_a_node_that_hides_what_is_mined_does_not_cost_without_end(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Hiding(Node):
        def receipt(self, transaction: str) -> TransactionReceipt | None:
            return None

    with (
        Hiding(chain.url) as hiding,
        pytest.raises(TransactionError, match=r"nonce of step 'contribution_log' 3 times"),
    ):
        deploy(hiding, operator, terms, tmp_path, Sending(lost_after=0.05))
    assert node.nonce(operator.address) == 3


def test_a_node_that_names_another_contract_is_not_believed(
    chain: DevChain, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Lying(Node):
        def receipt(self, transaction: str) -> TransactionReceipt | None:
            found = super().receipt(transaction)
            return found and replace(found, made="0x" + 40 * "6")

    with Lying(chain.url) as lying, pytest.raises(NodeError, match=r"made 0x6{40}; it makes 0x"):
        deploy(lying, operator, terms, tmp_path)


def test_a_log_whose_transaction_was_given_up_is_not_opened_twice(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Cut(Node):
        sent = 0

        def send_raw(self, raw: bytes) -> str:
            self.sent += 1
            if self.sent == 3:
                raise NodeError("cut")
            return super().send_raw(raw)

    with Cut(chain.url) as cut, pytest.raises(NodeError):
        deploy(cut, operator, terms, tmp_path)
    unfinished = tmp_path / "31337.unfinished.json"
    saved = json.loads(unfinished.read_text())
    del saved["steps"]["log"]
    unfinished.write_text(json.dumps(saved))
    deployment = deploy(node, operator, terms, tmp_path)
    assert differences(deployment, read_standing(node, deployment), terms) == []
    assert node.nonce(operator.address) == 4


@pytest.mark.parametrize("taken", [False, True])
def test_what_the_chain_undoes_is_done_again(
    chain: DevChain, node: Node, operator: LocalSigner, stranger: LocalSigner, terms: Terms, tmp_path: Path, taken: bool
) -> None:
    first = node.block().number

    class Undone(Node):
        undone = False

        def block(self, tag: BlockTag = "latest") -> Block:
            if tag == "finalized" and not self.undone:
                self.undone = True
                chain.rpc("anvil_reorg", super().block().number - first, [])
                assert self.nonce(operator.address, "latest") == 0
                if taken:  # what was built on the first contract is then worthless
                    send(node, operator, stranger.address, b"")
            return super().block(tag)

    with Undone(chain.url) as undone:
        deployment = deploy(undone, operator, terms, tmp_path, Sending(confirmations=None, lost_after=0.2))
        assert undone.undone
    assert differences(deployment, read_standing(node, deployment), terms) == []
    assert node.block("finalized").number >= deployment.block


def test_depth_is_waited_for(node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path) -> None:
    deployment = deploy(node, operator, terms, tmp_path, Sending(confirmations=3))
    assert node.block().number >= deployment.block + 2
    with pytest.raises(TransactionError, match="not final after 2 s"):
        deploy(node, operator, terms, tmp_path / "other", Sending(confirmations=9999, patience=2.0))
    assert (tmp_path / "other" / "31337.unfinished.json").exists()


def test_a_chain_that_calls_nothing_final_says_what_to_set(
    chain: DevChain, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class Endless(Node):
        def block(self, tag: BlockTag = "latest") -> Block:
            if tag == "finalized":
                raise NodeError("The node has no block finalized.")
            return super().block(tag)

    with Endless(chain.url) as node:
        with pytest.raises(NodeError, match="ask for a number of confirmations"):
            deploy(node, operator, terms, tmp_path, Sending(confirmations=None))
        deploy(node, operator, terms, tmp_path, Sending(confirmations=1))
        assert node.nonce(operator.address) == 4


@pytest.mark.parametrize("remote", [False, True])
def test_a_chain_without_base_fee(
    chain: DevChain, operator: LocalSigner, terms: Terms, tmp_path: Path, remote: bool
) -> None:
    class Legacy(Node):
        def block(self, tag: BlockTag = "latest") -> Block:
            return replace(super().block(tag), base_fee=None)

        def priority_fee(self) -> int:
            raise AssertionError("such a chain has none")

    signer = RemoteSigner(chain.url, operator.address) if remote else operator
    with Legacy(chain.url) as node:
        deployment = deploy(node, signer, terms, tmp_path)
        assert differences(deployment, read_standing(node, deployment), terms) == []
        found = transaction(chain, deployment.block)
        assert answers.quantity(found["type"], "type") == 0
        assert found["from"] == operator.address


def test_a_chain_that_lacks_instructions_is_refused(operator: LocalSigner, terms: Terms, tmp_path: Path) -> None:
    """Shanghai has no transient storage: the pool could be made there, and none of its claims would ever succeed."""
    with DevChain(arguments=("--hardfork", "shanghai")) as chain, Node(chain.url) as node:
        with pytest.raises(ConfigError, match="Cancun"):
            deploy(node, operator, terms, tmp_path)
        assert node.nonce(operator.address) == 0


def test_a_node_that_suggests_no_tip(chain: DevChain, node: Node) -> None:
    class Tipless(Node):
        def request(self, method: str, *params: object) -> Any:
            return super().request("eth_nonsense" if method == "eth_maxPriorityFeePerGas" else method, *params)

    with Tipless(chain.url) as tipless:
        fees = transactions.present_fees(tipless)
    assert fees.price == node.gas_price()
    assert fees.priority is not None
