"""A deployment of ours on the test's own dev chain, and keys of accounts that have coins there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain import transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner, Signer
from ledger.tree.keys import LogSigner

# The first accounts of anvil's well-known test mnemonic.
KEYS = (
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
)
ORIGIN = "example.org/crowd"


@pytest.fixture
def node(chain: DevChain) -> Iterator[Node]:
    with Node(chain.url) as found:
        yield found


@pytest.fixture(scope="session")
def operator() -> LocalSigner:
    return LocalSigner.from_key(bytes.fromhex(KEYS[0]))


@pytest.fixture(scope="session")
def stranger() -> LocalSigner:
    return LocalSigner.from_key(bytes.fromhex(KEYS[1]))


@pytest.fixture(scope="session")
def log_signer() -> LogSigner:
    return LogSigner.generate(ORIGIN)


@pytest.fixture
def terms(operator: LocalSigner, log_signer: LogSigner) -> Terms:
    return Terms(
        chain_id=31337,
        origin=ORIGIN,
        vkey=log_signer.verifier_key.vkey,
        settlement_delay=3,
        admin=operator.address,
        reporter=operator.address,
        guardian=operator.address,
    )


@pytest.fixture
def deployment(node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path) -> Deployment:
    return deploy(node, operator, terms, tmp_path / "deployments")


def send(node: Node, signer: Signer, to: str, data: bytes) -> TransactionReceipt:
    """Signs, sends and waits; raises the contract's reason where it refuses."""
    nonce = node.nonce(signer.address)
    prepared = transactions.prepare(node, signer.address, to, data, chain_id=31337, nonce=nonce)
    sent = node.send_raw(signer.sign_transaction(prepared).raw)
    receipt = transactions.wait_for(node, sent, 10.0)
    assert receipt is not None
    assert receipt.succeeded
    return receipt
