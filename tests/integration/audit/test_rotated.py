"""A log whose key was rotated, on a chain that announced the first one for good."""

from dataclasses import dataclass, replace

import pytest

from ledger.audit.receipts import check_receipt
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.tree import merkle
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from tests.integration.audit.staged import Staged, failed, run
from tests.unit.audit import logs


@dataclass
class Rotated:
    """The staged log with its key rotated, then anchored; ``first`` is the retired key."""

    staged: Staged
    first: LogSigner
    keys: KeyChain


@pytest.fixture
def rotated(staged: Staged) -> Rotated:
    first = staged.signer
    keys = KeyChain.single(first.verifier_key).followed_by(staged.rotate(), staged.signer.verifier_key)
    staged.tell.tick()
    staged.anchor()
    return Rotated(staged, first, keys)


def test_the_chain_announces_the_first_key(rotated: Rotated) -> None:
    folder = rotated.staged.publish("log")
    for trusted in (rotated.keys.first, rotated.keys.newest, None):
        report = run(rotated.staged, folder, trusted_key=trusted)
        assert (report.verdict, failed(report)) == ("pass", set())


def test_a_thief_with_the_retired_key(rotated: Rotated) -> None:
    """Alone, the thief's log holds together; the chain holds the rotation, so that it differs there."""
    staged = rotated.staged
    forked = logs.ticks(staged.entries[: rotated.keys.keys[-1][0]], 2)
    staged.signer = rotated.first
    folder = staged.publish("forked", forked)
    assert audit(FolderSource(folder), trusted_key=rotated.keys.first).verdict == "pass"
    assert failed(audit(FolderSource(folder), trusted_key=rotated.keys.newest)) == {"checkpoint"}
    report = run(staged, folder, trusted_key=rotated.keys.first)
    assert failed(report) == {"anchors"}
    assert report.tampered_range == (staged.anchors[-2].size, staged.anchors[-1].size)


def test_receipts_of_both_eras_lead_to_the_contract(rotated: Rotated) -> None:
    staged, keys = rotated.staged, rotated.keys
    leaves = [merkle.leaf_hash(entry) for entry in staged.entries]
    for size, signer in ((keys.keys[-1][0], rotated.first), (len(leaves), staged.signer)):
        made = logs.receipt(staged.entries[:size], 5, signer)
        consistency = tuple(merkle.consistency_proof(size, len(leaves), leaves))
        data = Receipt(made.key, made.proof, replace(staged.anchors[-1], consistency=consistency)).encode()
        said = {step.name: step.verdict for step in check_receipt(data, keys=keys, node=staged.node).steps}
        assert said["key-on-chain"] == said["chain"] == "ok"
        assert "retired-key" not in said
    without = check_receipt(data, node=staged.node)
    assert (without.verdict, without.steps[-1].name) == ("fail", "log_id")
    assert "--keys" in without.steps[-1].words
