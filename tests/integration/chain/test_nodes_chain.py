"""Several real nodes, what they say to transactions, what they ask for gas, and the worker's chain on top of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest

from ledger.chain import anchors, contracts, transactions
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.nodes import Nodes
from ledger.chain.rpc import Node, Refusal
from ledger.chain.signers import LocalSigner, SignedTransaction, Signer, Transaction
from ledger.chain.transactions import LEAST_TIP, present_fees
from ledger.errors import NodeError, TransactionError, WrongContractError
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.signing import ThreadSigning

GWEI = 10**9
STILL = ("--no-mining",)
POOR = LocalSigner.from_key(b"\7" * 32)


def transfer(signer: Signer, nonce: int, *, max_fee: int = 10 * GWEI, tip: int | None = GWEI) -> SignedTransaction:
    """Nothing, to oneself: what fills a place."""
    return signer.sign_transaction(
        Transaction(
            chain_id=31337, nonce=nonce, to=signer.address, data=b"", gas=21_000, max_fee=max_fee, priority_fee=tip
        )
    )


@pytest.fixture
def still() -> Iterator[DevChain]:
    """Mines when told to."""
    with DevChain(mining=STILL) as found:
        yield found


def test_what_a_real_node_says_to_transactions(still: DevChain, operator: LocalSigner) -> None:
    nodes = Nodes([still.url], 31337)
    first, dearer = transfer(operator, 0), transfer(operator, 0, max_fee=11 * GWEI)

    def said(sent: SignedTransaction) -> tuple[str, bool]:
        answer = nodes.broadcast(sent.raw, sent.hash)
        return answer.kind, answer.no_funds

    assert said(first) == ("accepted", False)
    assert said(first) == ("accepted", False)  # it has it
    assert said(transfer(operator, 0, max_fee=9 * GWEI)) == ("unknown", False)  # too little to replace it
    assert said(transfer(operator, 0, max_fee=20 * GWEI, tip=2 * GWEI)) == ("accepted", False)
    still.rpc("evm_mine")
    assert said(dearer) == ("unknown", False)  # its nonce is used by now
    assert said(transfer(POOR, 0)) == ("refused", True)
    another = operator.sign_transaction(
        Transaction(chain_id=5, nonce=1, to=operator.address, data=b"", gas=21_000, max_fee=GWEI, priority_fee=1)
    )
    assert said(another) == ("refused", False)
    thirsty = operator.sign_transaction(
        Transaction(chain_id=31337, nonce=1, to=operator.address, data=b"", gas=20_000, max_fee=GWEI, priority_fee=1)
    )
    assert said(thirsty) == ("refused", False)
    nodes.close()


def test_gas_costs_what_the_last_blocks_say(still: DevChain, operator: LocalSigner) -> None:
    with Node(still.url) as node:
        for nonce, tip in enumerate((3 * GWEI, 5 * GWEI, 4 * GWEI)):
            node.send_raw(transfer(operator, nonce, tip=tip).raw)
            still.rpc("evm_mine")
        still.rpc("evm_mine")  # empty, and no word on tips
        fees = present_fees(node)
        assert fees.priority == 4 * GWEI
        still.rpc("evm_mine")
        assert node.block("latest").base_fee == fees.price - fees.priority
        for _ in range(12):
            still.rpc("evm_mine")
        assert present_fees(node).priority == max(LEAST_TIP, node.priority_fee())  # nobody tipped: what the node says


def test_a_node_without_a_fee_history(chain: DevChain) -> None:
    class Plain(Node):
        def fee_history(self, blocks: int, percentile: int) -> object:  # type: ignore[override]
            raise Refusal("The node refuses eth_feeHistory: no such method.", "no such method")

    with Plain(chain.url) as node:
        fees = present_fees(node)
        assert fees.priority == node.priority_fee()


def test_a_chain_without_fees_of_eip_1559(operator: LocalSigner) -> None:
    with DevChain(arguments=("--hardfork", "berlin")) as old, Node(old.url) as node:
        fees = present_fees(node)
        assert (fees.price, fees.priority) == (node.gas_price(), None)
        prepared = transactions.prepare(node, operator.address, operator.address, b"", chain_id=31337, nonce=0)
        signed = operator.sign_transaction(prepared)
        receipt = transactions.wait_for(node, node.send_raw(signed.raw), 10.0)
        assert receipt is not None
        assert receipt.gas_price in (None, prepared.max_fee)


async def test_one_node_dies_and_the_other_goes_on(operator: LocalSigner, deployment: Deployment) -> None:
    with DevChain() as first, DevChain() as second:
        nodes = Nodes([first.url, second.url], 31337, timeout=2)
        chain = NodesChain(nodes, deployment)
        await chain.connect()
        assert chain.reads_from == nodes.shown[0]
        signed = await ThreadSigning().sign(operator, _filling(0))
        assert (await chain.broadcast(signed.raw, signed.hash)).kind == "accepted"
        with Node(second.url) as node:
            assert transactions.wait_for(node, signed.hash, 5.0) is not None  # it went to both
        first.stop()
        with pytest.raises(NodeError):
            await chain.block("latest")
        await chain.connect()
        assert chain.reads_from == nodes.shown[1]
        assert (await chain.receipt(signed.hash)) is not None
        assert [bool(each.aside) for each in chain.health()] == [True, False]
        again = await ThreadSigning().sign(operator, _filling(1))
        assert (await chain.broadcast(again.raw, again.hash)).kind == "accepted"
        chain.close()


def _filling(nonce: int) -> Transaction:
    own = LocalSigner.from_key(
        bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    ).address
    return Transaction(chain_id=31337, nonce=nonce, to=own, data=b"", gas=21_000, max_fee=10 * GWEI, priority_fee=GWEI)


@pytest.fixture
async def ours(chain: DevChain, deployment: Deployment) -> AsyncIterator[NodesChain]:
    made = NodesChain(Nodes([chain.url], 31337), deployment)
    await made.connect()
    yield made
    made.close()


async def test_the_contracts_are_read(ours: NodesChain, deployment: Deployment, operator: LocalSigner) -> None:
    opened = await ours.check_deployment()
    assert (opened.log_id, opened.origin) == (deployment.log_id, deployment.origin)
    assert await ours.log_opened(deployment.log_id) == opened
    line = await ours.line()
    assert line.current == await ours.log_state(deployment.log_id)
    assert await ours.log_operator(deployment.log_id) == operator.address
    latest = await ours.block("latest")
    assert await ours.anchor_events(deployment.log_id, deployment.block, latest.number) == []
    assert await ours.pool_stands(latest.number)
    assert not await ours.pool_stands(deployment.block - 1)
    assert (await ours.pool_events(deployment.block, latest.number)).settlements == ()
    assert not (await ours.campaign("0x" + "11" * 32, "latest")).is_open
    assert (await ours.pending()).number == await ours.proposal_count() == (await ours.last_activated())[0] == 0
    people = ["0x" + bytes([number] * 20).hex() for number in range(1, 30)]
    assert await ours.claimed(people, latest.number) == dict.fromkeys(people, 0)
    assert await ours.proposed_successor() is None
    assert await ours.nonce(operator.address, "latest") > 0
    assert await ours.balance(operator.address) > 0
    assert ours.span() > 1
    with pytest.raises(TransactionError):
        await ours.estimate_gas(operator.address, deployment.pool, b"\1\2\3\4")
    assert ours.health()[0].aside == ""  # that a contract refuses is no fault of the node
    with pytest.raises(WrongContractError):
        await ours.log_opened("0x" + "22" * 32)
    assert ours.health()[0].aside == ""
    with pytest.raises(NodeError, match="no block"):
        await ours.block(10**9)
    assert "no block" in ours.health()[0].aside
    await ours.connect()
    assert ours.health()[0].aside == ""


def test_how_a_log_was_opened_is_found_without_reading_the_whole_chain(chain: DevChain, deployment: Deployment) -> None:
    class Counting(Node):
        questions = 0

        def request(self, method: str, *params: object) -> object:
            if method == "eth_getLogs":
                self.questions += 1
                begin, end = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))  # type: ignore[index]
                if end - begin >= 10:
                    raise Refusal("The node refuses eth_getLogs: at most 10 blocks.", "at most 10 blocks")
            return super().request(method, *params)

    chain.rpc("anvil_mine", hex(300))
    with Counting(chain.url) as node:
        opened = anchors.log_opened(node, deployment.contribution_log, deployment.log_id, deployment.block)
        assert opened.origin == deployment.origin
        assert node.questions < 20  # most of them find out what the node allows
        begun = node.questions
        anchors.log_opened(node, deployment.contribution_log, deployment.log_id, deployment.block)
        assert node.questions <= begun + 3


async def test_contracts_that_are_not_ours_put_a_node_aside(chain: DevChain, deployment: Deployment) -> None:
    with DevChain() as other:
        nodes = Nodes([other.url, chain.url], 31337)
        ours = NodesChain(nodes, deployment)
        await ours.connect()
        with pytest.raises(WrongContractError):
            await ours.check_deployment()
        await ours.connect()
        assert (await ours.check_deployment()).log_id == deployment.log_id
        assert "no contract" in ours.health()[0].aside
        ours.doubt("It holds another block 7.")
        assert ours.health()[1].aside == "It holds another block 7."
        ours.close()


async def test_finality_by_the_chain_and_by_a_depth(still: DevChain, deployment: Deployment) -> None:
    nodes = Nodes([still.url], 31337)
    by_tag, by_depth = NodesChain(nodes, deployment), NodesChain(nodes, deployment, finality_depth=5)
    await by_tag.connect()
    assert (await by_depth.finalized()).number == 0  # a young chain
    for _ in range(12):
        still.rpc("evm_mine")
    assert (await by_depth.finalized()).number == 7
    assert (await by_tag.finalized()).number <= 12
    nodes.close()


async def test_a_failed_transaction_says_why(
    chain: DevChain, ours: NodesChain, deployment: Deployment, stranger: LocalSigner
) -> None:
    data = contracts.anchor_call(deployment.log_id, 1, b"\1" * 32, [])
    nonce = await ours.nonce(stranger.address, "latest")
    signed = stranger.sign_transaction(
        Transaction(
            chain_id=31337,
            nonce=nonce,
            to=deployment.contribution_log,
            data=data,
            gas=200_000,
            max_fee=10 * GWEI,
            priority_fee=GWEI,
        )
    )
    assert (await ours.broadcast(signed.raw, signed.hash)).kind == "accepted"
    deadline = time.monotonic() + 10
    while (receipt := await ours.receipt(signed.hash)) is None:
        assert time.monotonic() < deadline
    assert not receipt.succeeded
    assert receipt.gas_price is not None
    assert (await ours.failure(receipt, data)).startswith("NotOperator(")
