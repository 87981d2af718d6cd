"""The proof of one entry in a file: c2sp.org/tlog-proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.independent.verifier.notes import Key, TreeHead, open_tree_head
from tests.independent.verifier.text import Broken, from_base64, from_decimal
from tests.independent.verifier.trees import check_inclusion


@dataclass(frozen=True)
class Proof:
    """What a proof's file says, its checkpoint's signature verified; the path is not."""

    index: int
    path: list[bytes]
    extra: bytes | None
    head: TreeHead


def read_proof(data: bytes, keys: Sequence[Key]) -> Proof:
    """Read a file and open its checkpoint."""
    top, blank, note = data.partition(b"\n\n")
    first, *lines = top.split(b"\n")
    if first != b"c2sp.org/tlog-proof@v1" or not blank:
        raise Broken("it does not begin as a proof does")
    extra = None
    if lines and lines[0].startswith(b"extra "):
        extra = from_base64(lines.pop(0)[len(b"extra ") :], "the extra data")
        if not extra:
            raise Broken("it has an extra line without extra data")
    if not lines or not lines[0].startswith(b"index "):
        raise Broken("it has no index")
    index = from_decimal(lines.pop(0)[len(b"index ") :], "the index")
    path = [from_base64(line, "a hash") for line in lines]
    if any(len(value) != 32 for value in path):
        raise Broken("a hash has not 32 bytes")
    return Proof(index, path, extra, open_tree_head(note, keys))


def check_proof(data: bytes, keys: Sequence[Key], leaf_hash: bytes) -> Proof:
    """A proof that shows that this leaf is in the log."""
    proof = read_proof(data, keys)
    check_inclusion(leaf_hash, proof.index, proof.head.size, proof.path, proof.head.root)
    return proof
