"""Reward trees of any leaves, and proofs checked again in Python: `standard-v1` of OpenZeppelin's merkle-tree.

Unlike `ledger.book.reward_tree` these may hold an account twice, as a dishonest reporter's may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

Leaf = tuple[str, int]
"""Account and cumulative amount."""


def leaf_hash(leaf: Leaf) -> bytes:
    return keccak(keccak(encode(["address", "uint256"], leaf)))


def join(one: bytes, other: bytes) -> bytes:
    """The node above two, whichever comes first."""
    return keccak(min(one, other) + max(one, other))


@dataclass(frozen=True)
class Batch:
    """What ``claimMany`` takes, the flags still apart."""

    leaves: tuple[Leaf, ...]
    proof: tuple[bytes, ...]
    flags: tuple[bool, ...]


class Tree:
    """Node i has the children 2i+1 and 2i+2; the leaves stand at the end, in descending order of their hashes."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = tuple(sorted(leaves, key=leaf_hash))
        count = len(self.leaves)
        self.nodes = [b""] * (count - 1) + [leaf_hash(leaf) for leaf in reversed(self.leaves)]
        for index in reversed(range(count - 1)):
            self.nodes[index] = join(self.nodes[2 * index + 1], self.nodes[2 * index + 2])

    @property
    def root(self) -> bytes:
        """Zero for a tree without leaves."""
        return self.nodes[0] if self.nodes else bytes(32)

    def proof(self, order: int) -> list[bytes]:
        """The siblings above the leaf that comes at ``order``."""
        return self.proof_of_node(len(self.nodes) - 1 - order)

    def proof_of_node(self, index: int) -> list[bytes]:
        """The siblings above any node."""
        proof = []
        while index > 0:
            proof.append(self.nodes[index + 1 if index % 2 else index - 1])
            index = (index - 1) // 2
        return proof

    def batch(self, orders: Sequence[int]) -> Batch:
        """The proof of several leaves at once."""
        wanted = sorted({len(self.nodes) - 1 - order for order in orders}, reverse=True)
        queue, proof, flags = list(wanted), list[bytes](), list[bool]()
        while queue[0] > 0:
            index = queue.pop(0)
            sibling = index + 1 if index % 2 else index - 1
            known = bool(queue) and queue[0] == sibling
            flags.append(known)
            if known:
                queue.pop(0)
            else:
                proof.append(self.nodes[sibling])
            queue.append((index - 1) // 2)
        leaves = tuple(self.leaves[len(self.nodes) - 1 - index] for index in wanted)
        return Batch(leaves, tuple(proof), tuple(flags))


def pack(flags: Sequence[bool]) -> list[int]:
    """Flag i is bit ``i & 255`` of word ``i >> 8``."""
    words = [0] * -(-len(flags) // 256)
    for index, flag in enumerate(flags):
        words[index >> 8] |= int(flag) << (index & 255)
    return words


def proves(proof: Sequence[bytes], root: bytes, leaf: Leaf) -> bool:
    """Whether a proof leads from a leaf to the root."""
    node = leaf_hash(leaf)
    for sibling in proof:
        node = join(node, sibling)
    return node == root


def proves_many(leaves: Sequence[Leaf], proof: Sequence[bytes], words: Sequence[int], root: bytes) -> bool:
    """Whether a multiproof with packed flags leads from the leaves to the root, all of it used up."""
    count = len(leaves) + len(proof) - 1
    if len(words) != -(-count // 256) or any(word >> 256 for word in words):
        return False
    if count > 0 and words[-1] >> ((count - 1) % 256 + 1):
        return False
    queue, rest = [leaf_hash(leaf) for leaf in leaves], list(proof)
    for index in range(count):
        source = queue if words[index >> 8] >> (index & 255) & 1 else rest
        if not queue or (source is queue and len(queue) < 2) or not source:
            return False
        node = queue.pop(0)
        queue.append(join(node, source.pop(0)))
    return [*queue, *rest] == [root]
