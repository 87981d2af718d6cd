"""The receipts of a group are, byte for byte, those that are made one by one."""

from __future__ import annotations

import pytest

from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.growth import CompactRange, Growth
from ledger.tree.issuing import GroupReceipts
from ledger.tree.merkle import leaf_hash
from ledger.tree.receipts import Receipt, verify_log_part

SIGNER = LogSigner.generate("crowd.example/main")


@pytest.mark.parametrize("before", [0, 1, 2, 3, 7, 8, 255, 256, 257, 1000])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 33])
def test_the_bytes_are_those_of_a_receipt_made_alone(before: int, count: int) -> None:
    old, _ = CompactRange().append_many([leaf_hash(b"%d" % number) for number in range(before)])
    statements = [b'{"n":"%d","x":"\xc3\xa9\\""}' % number for number in range(before, before + count)]
    growth = Growth(old, [leaf_hash(each) for each in statements])
    note = sign(Checkpoint(SIGNER.name, growth.size, growth.after.root()), SIGNER)
    receipts = GroupReceipts(SIGNER.verifier_key, growth, note)
    for index, proof, statement in zip(range(before, growth.size), growth.inclusion_proofs(), statements, strict=True):
        made = receipts.encode(index, statement)
        assert made == Receipt.issue(SIGNER.verifier_key, statement, index, proof, note).encode()
        assert verify_log_part(Receipt.parse(made), SIGNER.verifier_key).index == index
