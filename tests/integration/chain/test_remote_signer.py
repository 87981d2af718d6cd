from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import RemoteSigner, Transaction, load_signer
from ledger.errors import NodeError
from tests.integration.chain.conftest import LocalSigner


def test_a_deployment_by_a_remote_signer(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    signer = load_signer(f"rpc:{chain.url}#{operator.address.upper().replace('X', 'x')}")
    assert repr(signer) == f"RemoteSigner({operator.address} at {chain.url})"
    deployment = deploy(node, signer, terms, tmp_path)
    assert isinstance(deployment, Deployment)


def test_a_signer_that_signs_something_else_is_refused(
    chain: DevChain, operator: LocalSigner, stranger: LocalSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = Transaction(
        chain_id=31337, nonce=0, to=stranger.address, data=b"", gas=30_000, max_fee=10**10, priority_fee=1
    )
    other = Transaction(
        chain_id=31337, nonce=0, to=stranger.address, data=b"\1", gas=30_000, max_fee=10**10, priority_fee=1
    )
    signer = RemoteSigner(chain.url, operator.address)
    good = signer.sign_transaction(transaction)
    assert good == operator.sign_transaction(transaction) or len(good.raw) > 100
    lies: list[Any] = [
        "0x" + operator.sign_transaction(other).raw.hex(),
        "0x" + stranger.sign_transaction(transaction).raw.hex(),
        {"raw": "0x02"},
        {},
        None,
    ]
    for lie in lies:
        monkeypatch.setattr(signer._node, "request", lambda *call, lie=lie: lie)
        with pytest.raises(NodeError):
            signer.sign_transaction(transaction)
