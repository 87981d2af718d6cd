from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.chain import anchors, contracts
from ledger.chain.anchor_proof import verify_anchor
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.errors import ChainError, ProofError, TransactionError
from ledger.tree import merkle
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor
from tests.integration.chain.conftest import send

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(9)]


def _anchor(node: Node, operator: LocalSigner, deployment: Deployment, old: int, size: int) -> Anchor:
    proof = merkle.consistency_proof(old, size, LEAVES[:size])
    root = merkle.root(LEAVES[:size])
    data = contracts.anchor_call(deployment.log_id, size, root, proof)
    receipt = send(node, operator, deployment.contribution_log, data)
    return Anchor(
        chain_id=31337,
        contract=deployment.contribution_log,
        log_id=deployment.log_id,
        size=size,
        root=root,
        transaction=receipt.transaction,
        block=receipt.block,
        consistency=(),
    )


@pytest.fixture
def anchor(node: Node, operator: LocalSigner, deployment: Deployment) -> Anchor:
    _anchor(node, operator, deployment, 0, 5)
    return _anchor(node, operator, deployment, 5, 9)


def test_an_anchor_is_found_and_becomes_permanent(
    chain: DevChain, node: Node, anchor: Anchor, operator: LocalSigner, log_signer: LogSigner
) -> None:
    verified = verify_anchor(node, anchor, KeyChain.single(log_signer.verifier_key))
    assert verified.opener == operator.address
    assert verified.anchored_at == node.block(anchor.block).timestamp
    chain.rpc("anvil_mine", "0x4")
    assert verify_anchor(node, anchor, KeyChain.single(log_signer.verifier_key)).permanent


def test_the_newest_block_is_not_permanent_yet(
    node: Node, operator: LocalSigner, deployment: Deployment, log_signer: LogSigner
) -> None:
    anchor = _anchor(node, operator, deployment, 0, 5)
    assert not verify_anchor(node, anchor, KeyChain.single(log_signer.verifier_key)).permanent


def _flip(text: str, position: int) -> str:
    return text[:position] + ("0" if text[position] != "0" else "1") + text[position + 1 :]


def _changed(anchor: Anchor) -> list[tuple[str, Anchor]]:
    """The anchor with one character of one member changed, for every character that can change."""
    texts = [
        (name, replace(anchor, **{name: _flip(value, position)}))
        for name in ("contract", "log_id", "transaction")
        for value in [getattr(anchor, name)]
        for position in range(2, len(value))
    ]
    roots = [
        ("root", replace(anchor, root=bytes.fromhex(_flip(anchor.root.hex(), position)))) for position in range(64)
    ]
    numbers = [
        (name, replace(anchor, **{name: getattr(anchor, name) + step}))
        for name in ("chain_id", "size", "block")
        for step in (-1, 1, 10)
        if getattr(anchor, name) + step > 0
    ]
    return texts + roots + numbers


def test_any_change_of_the_anchor_fails_and_is_named(node: Node, anchor: Anchor, log_signer: LogSigner) -> None:
    for name, changed in _changed(anchor):
        with pytest.raises((ProofError, ChainError)) as caught:
            verify_anchor(node, changed, KeyChain.single(log_signer.verifier_key))
        assert caught.value.members["check"] == name
        assert f"The check of the anchor's {name.removesuffix('_id') if name == 'chain_id' else name} failed" in str(
            caught.value
        )


def test_another_key_than_the_opened_one_fails(node: Node, anchor: Anchor, log_signer: LogSigner) -> None:
    with pytest.raises(ProofError, match="log_id failed"):
        verify_anchor(node, anchor, KeyChain.single(LogSigner.generate(log_signer.name).verifier_key))


def test_an_earlier_anchor_of_the_same_log_does_not_stand_in(
    node: Node, operator: LocalSigner, deployment: Deployment, log_signer: LogSigner
) -> None:
    first = _anchor(node, operator, deployment, 0, 5)
    second = _anchor(node, operator, deployment, 5, 9)
    with pytest.raises(ProofError, match="size failed"):
        verify_anchor(
            node,
            replace(second, transaction=first.transaction, block=first.block),
            KeyChain.single(log_signer.verifier_key),
        )
    events = anchors.anchor_events(node, deployment.contribution_log, deployment.log_id, deployment.block)
    assert [(event.old_size, event.size, event.root) for event in events] == [
        (0, 5, first.root),
        (5, 9, second.root),
    ]
    assert anchors.read_head(node, deployment).size == 9


def test_the_contract_refuses_a_rewritten_log(node: Node, operator: LocalSigner, deployment: Deployment) -> None:
    _anchor(node, operator, deployment, 0, 5)
    other = [merkle.leaf_hash(b"other"), *LEAVES[1:]]
    proof = merkle.consistency_proof(5, 9, other)
    data = contracts.anchor_call(deployment.log_id, 9, merkle.root(other), proof)
    with pytest.raises(TransactionError) as caught:
        send(node, operator, deployment.contribution_log, data)
    assert caught.value.reason.startswith("InconsistentHead(logId=0x")
    assert "size=5, newSize=9" in caught.value.reason
