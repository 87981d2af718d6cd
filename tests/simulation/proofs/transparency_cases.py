"""True proofs of a log's tree and all the ways to spoil one: what the contracts and Python must judge alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.errors import ProofError
from ledger.tree import merkle
from tests.simulation.proofs.many_calls import WORD, selector, word
from tests.simulation.proofs.sparse_tree import SparseTree

ZERO = bytes(32)
LARGEST_BITS = 48
WORD_LIMIT = 1 << 256
SMALL_SIZES = range(71)
SMALL_TREE = SparseTree(b"small", SMALL_SIZES)
_HEAD_WORDS = 5
_INCLUSION_ARGUMENTS = "(bytes32,uint256,uint256,bytes32[],bytes32)"
_CONSISTENCY_ARGUMENTS = "(uint256,uint256,bytes32,bytes32,bytes32[])"


class Inclusion(NamedTuple):
    """The arguments of ``verifyInclusion``, and what stands in the calldata behind the proof's end."""

    leaf: bytes
    place: int
    size: int
    proof: list[bytes]
    root: bytes
    beyond: tuple[bytes, ...] = ()

    def call(self, *, plainly: bool = False) -> bytes:
        """Calldata for the harness: the library's function, or the plain reference's."""
        head = (self.leaf, word(self.place), word(self.size), word(_HEAD_WORDS * WORD), self.root)
        return _calldata(_INCLUSION_SELECTORS[plainly], head, self.proof, self.beyond)

    def expected(self) -> bool:
        """What ``ledger.tree.merkle`` says."""
        return _accepts(lambda: merkle.verify_inclusion(self.leaf, self.place, self.size, self.proof, self.root))


class Consistency(NamedTuple):
    """The arguments of ``verifyConsistency``, and what stands in the calldata behind the proof's end."""

    old: int
    new: int
    old_root: bytes
    new_root: bytes
    proof: list[bytes]
    beyond: tuple[bytes, ...] = ()

    def call(self, *, plainly: bool = False) -> bytes:
        """Calldata for the harness: the library's function, or the plain reference's."""
        head = (word(self.old), word(self.new), self.old_root, self.new_root, word(_HEAD_WORDS * WORD))
        return _calldata(_CONSISTENCY_SELECTORS[plainly], head, self.proof, self.beyond)

    def expected(self) -> bool:
        """What ``ledger.tree.merkle`` says; which root an empty tree has, the contract does not ask."""
        old_root, new_root = self.old_root, self.new_root
        if self.old == self.new == 0:
            new_root = merkle.EMPTY_ROOT if old_root == new_root else ZERO
        if self.old == 0:
            old_root = merkle.EMPTY_ROOT
        return _accepts(lambda: merkle.verify_consistency(self.old, self.new, old_root, new_root, self.proof))


Case = Inclusion | Consistency
_INCLUSION_SELECTORS = [selector(name + _INCLUSION_ARGUMENTS) for name in ("verifyInclusion", "verifyInclusionPlainly")]
_CONSISTENCY_SELECTORS = [
    selector(name + _CONSISTENCY_ARGUMENTS) for name in ("verifyConsistency", "verifyConsistencyPlainly")
]


def _calldata(name: bytes, head: tuple[bytes, ...], proof: list[bytes], beyond: tuple[bytes, ...]) -> bytes:
    return b"".join([name, *head, word(len(proof)), *proof, *beyond])


def _accepts(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except ProofError:
        return False
    return True


def small_cases() -> Iterator[Case]:
    """Every true proof in one tree as it grows to 70 entries."""
    tree = SMALL_TREE
    for size in SMALL_SIZES:
        for index in range(size):
            yield Inclusion(tree.head(index, index + 1), index, size, tree.path(index, size), tree.head(0, size))
        for old in range(size + 1):
            yield Consistency(old, size, tree.head(0, old), tree.head(0, size), tree.proof(old, size) if old else [])


def random_size(rng: random.Random) -> int:
    """Of any magnitude, or beside a power of two, above the largest size allowed too."""
    if rng.random() < 0.5:
        return rng.randrange(1, 1 << rng.randint(1, LARGEST_BITS))
    return max(1, (1 << rng.randint(1, 63)) + rng.randint(-3, 3))


def random_case(rng: random.Random) -> Case:
    """A true proof in a tree of any size; it is refused only where the size is too large."""
    size = random_size(rng)
    inside = min(random_size(rng), size) if rng.random() < 0.5 else max(1, size - random_size(rng))
    key = rng.randbytes(16)
    if rng.random() < 0.5:
        index = inside - 1
        tree = SparseTree(key, (index, index + 1))
        return Inclusion(tree.head(index, index + 1), index, size, tree.path(index, size), tree.head(0, size))
    tree = SparseTree(key, (inside,))
    return Consistency(inside, size, tree.head(0, inside), tree.head(0, size), tree.proof(inside, size))


def spoiled(case: Case, rng: random.Random) -> list[Case]:
    """Every way to change one thing. A few leave the proof true: there are sizes between which it does not matter."""
    return spoiled_inclusion(case, rng) if isinstance(case, Inclusion) else spoiled_consistency(case, rng)


def spoiled_inclusion(case: Inclusion, rng: random.Random) -> list[Case]:
    """Another leaf, place, size, root or proof."""
    made: list[Case] = [case._replace(proof=proof, beyond=beyond) for proof, beyond in spoiled_proofs(case.proof, rng)]
    made += [case._replace(leaf=leaf) for leaf in (flip(case.leaf, rng), ZERO, case.root)]
    made += [case._replace(root=root) for root in (flip(case.root, rng), ZERO, case.leaf, merkle.EMPTY_ROOT)]
    made.append(case._replace(leaf=case.root, root=case.leaf))
    made += [case._replace(place=index) for index in other_numbers(case.place, rng)]
    made += [case._replace(place=case.size), case._replace(place=case.size - 1)]
    made += [case._replace(size=size) for size in other_numbers(case.size, rng)]
    made += [case._replace(place=case.place + step, size=case.size + step) for step in (1, 1 << 63, 1 << 64)]
    made += [case._replace(place=case.size - 1 - case.place), case._replace(size=case.place + 1)]
    made.append(case._replace(size=0, proof=[], root=rng.choice([ZERO, case.leaf, merkle.EMPTY_ROOT])))
    return made


def spoiled_consistency(case: Consistency, rng: random.Random) -> list[Case]:
    """Other sizes, roots or another proof."""
    made: list[Case] = [case._replace(proof=proof, beyond=beyond) for proof, beyond in spoiled_proofs(case.proof, rng)]
    made += [case._replace(old_root=root) for root in (flip(case.old_root, rng), ZERO, case.new_root)]
    made += [case._replace(new_root=root) for root in (flip(case.new_root, rng), ZERO, case.old_root)]
    made.append(case._replace(old_root=case.new_root, new_root=case.old_root))
    made.append(case._replace(old=case.new, new=case.old, old_root=case.new_root, new_root=case.old_root))
    made += [case._replace(old=old) for old in other_numbers(case.old, rng)]
    made += [case._replace(new=new) for new in other_numbers(case.new, rng)]
    made += [case._replace(old=case.new), case._replace(new=case.old)]
    made += [case._replace(old=0, proof=[]), case._replace(old=0, new=0, proof=[])]
    made.append(case._replace(old=0, new=0, old_root=case.new_root, proof=[]))
    made += [case._replace(old=size, new=size, proof=[]) for size in (case.old, case.new)]
    made += [case._replace(old=case.old + step, new=case.new + step) for step in (1, 1 << 63, 1 << 64)]
    made.append(case._replace(proof=[case.old_root, *case.proof]))  # as if the old tree were no node of the new one
    return made


def other_numbers(number: int, rng: random.Random) -> list[int]:
    """Numbers near this one, far from it, and those that a narrower integer would take for it."""
    changed = [number + step for step in (-2, -1, 1, 2)]
    changed += [number + (1 << bits) for bits in (32, 63, 64, 128)]
    changed += [number ^ 1 << rng.randrange(max(1, number.bit_length())), 2 * number, number // 2]
    changed += [0, 1, merkle.MAX_SIZE, merkle.MAX_SIZE + 1, WORD_LIMIT - 1, WORD_LIMIT - 1 - number]
    return [other for other in changed if 0 <= other < WORD_LIMIT and other != number]


def spoiled_proofs(proof: list[bytes], rng: random.Random) -> Iterator[tuple[list[bytes], tuple[bytes, ...]]]:
    """Other proofs, each with the words that follow it: one cut short still has its rest behind its end."""
    for at, hash_ in enumerate(proof):
        before, after = proof[:at], proof[at + 1 :]
        yield [*before, flip(hash_, rng), *after], ()
        yield [*before, *after], ()
        yield [*before, hash_, hash_, *after], ()
        if after:
            yield [*before, after[0], hash_, *after[1:]], ()
        yield before, (hash_, *after)
    junk = rng.randbytes(32)
    yield [*proof, junk], ()
    yield [*proof, ZERO], ()
    yield [junk, *proof], ()
    yield [*proof, *([ZERO] * rng.randint(1, 70))], ()
    if proof:
        yield proof[::-1], ()
        yield [*proof, *proof], ()
        yield [proof[-1], *proof[1:-1], proof[0]], ()
        yield [], ()


def flip(hash_: bytes, rng: random.Random) -> bytes:
    """The hash with one bit changed."""
    return (int.from_bytes(hash_, "big") ^ 1 << rng.randrange(256)).to_bytes(32, "big")
