"""The proof library, its plain reference and ``ledger.tree.merkle`` say the same of true proofs and spoiled ones."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any

import pytest
from pymerkle import InmemoryTree
from web3.contract import Contract

from ledger.tree import merkle
from tests.integration.contracts.evm import Evm
from tests.simulation.proofs.many_calls import Answer, ManyCalls
from tests.simulation.proofs.transparency_cases import (
    SMALL_SIZES,
    SMALL_TREE,
    Case,
    Consistency,
    Inclusion,
    random_case,
    small_cases,
    spoiled,
)

GAS_EACH = 1_000_000
PORTION = 50_000
LEAVES = [SMALL_TREE.head(index, index + 1) for index in SMALL_SIZES]
ROOTS = [SMALL_TREE.head(0, size) for size in SMALL_SIZES]
UNIFORM = [LEAVES[0]]  # by level: nodes of a tree of any size whose leaves are all equal
for _ in range(64):
    UNIFORM.append(merkle.node_hash(UNIFORM[-1], UNIFORM[-1]))
JUNK = hashlib.sha256(b"junk").digest()


@pytest.fixture(scope="module")
def harness(roomy_evm: Evm) -> Contract:
    return roomy_evm.deploy("TransparencyTreeHarness")


class Judges:
    """Python, the library and its plain reference, who must agree; counts what they accepted."""

    def __init__(self, many: ManyCalls, harness: Contract) -> None:
        self._many = many
        self._harness = harness
        self.asked = 0
        self.accepted = 0

    def agree(self, cases: Sequence[Case]) -> None:
        """Fails with the first case on which they do not."""
        for begin in range(0, len(cases), PORTION):
            portion = cases[begin : begin + PORTION]
            ours, plain = (
                self._many.ask(self._harness, [case.call(plainly=plainly) for case in portion], gas_each=GAS_EACH)
                for plainly in (False, True)
            )
            for case, library, reference in zip(portion, ours, plain, strict=True):
                expected = case.expected()
                said = Answer.TRUE if expected else Answer.FALSE
                assert library is reference is said, f"Python: {said}, library: {library}, plain: {reference}: {case}"
                self.accepted += expected
            self.asked += len(portion)


def test_the_recursion_of_the_rfc_and_the_tree_agree() -> None:
    for size in SMALL_SIZES:
        assert SMALL_TREE.head(0, size) == merkle.root(LEAVES[:size])
        assert [SMALL_TREE.path(index, size) for index in range(size)] == [
            merkle.inclusion_proof(index, size, LEAVES) for index in range(size)
        ]
        assert [SMALL_TREE.proof(old, size) for old in range(1, size + 1)] == [
            merkle.consistency_proof(old, size, LEAVES) for old in range(1, size + 1)
        ]


def test_every_true_proof_of_small_trees_is_accepted(many: ManyCalls, harness: Contract) -> None:
    judges = Judges(many, harness)
    cases = list(small_cases())
    judges.agree(cases)
    assert judges.asked == judges.accepted == len(cases) == 70 * 71 // 2 + 71 * 72 // 2


def test_spoiled_proofs_are_judged_alike(many: ManyCalls, harness: Contract) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    judges = Judges(many, harness)
    judges.agree([other for case in small_cases() for other in rng.sample(spoiled(case, rng), 2)])
    for_any_size(judges, rng, rounds=400)
    assert judges.asked >= 20_000, f"seed {seed}"
    assert 0.1 <= judges.accepted / judges.asked <= 0.9, f"seed {seed}"


@pytest.mark.long
def test_every_way_to_spoil_a_proof_is_judged_alike(many: ManyCalls, harness: Contract) -> None:
    """All of them for all small trees, and a sample for 40,000 trees of any size: some 640,000 cases."""
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    judges = Judges(many, harness)
    cases = [other for case in small_cases() for other in [case, *spoiled(case, rng)]]
    judges.agree(cases)
    for_any_size(judges, rng, rounds=8_000)
    print(f"{judges.asked} cases, {judges.accepted} accepted")
    assert judges.asked >= 600_000, f"seed {seed}"
    assert 0.1 <= judges.accepted / judges.asked <= 0.9, f"seed {seed}"


def for_any_size(judges: Judges, rng: random.Random, *, rounds: int) -> None:
    """In each round five true proofs in trees of any size, and twenty ways to spoil the last of them."""
    cases: list[Case] = []
    for _ in range(rounds):
        true = [random_case(rng) for _ in range(5)]
        cases += [*true, *rng.sample(spoiled(true[-1], rng), 20)]
    judges.agree(cases)


def test_edges(many: ManyCalls, harness: Contract) -> None:
    cases: list[tuple[Case, bool]] = [
        (Consistency(0, 5, bytes(32), ROOTS[5], []), True),  # from nothing to anything
        (Consistency(0, 5, bytes(32), ROOTS[5], [JUNK]), False),
        (Consistency(0, 0, bytes(32), bytes(32), []), True),
        (Consistency(0, 0, bytes(32), JUNK, []), False),
        (Consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [JUNK]), False),
        (Consistency(5, 5, ROOTS[5], ROOTS[5], []), True),
        (Consistency(5, 5, ROOTS[5], ROOTS[5], [JUNK]), False),
        (Consistency(5, 5, ROOTS[5], ROOTS[6], []), False),
        (Consistency(6, 5, ROOTS[6], ROOTS[5], []), False),
        (Consistency(5, 7, ROOTS[5], ROOTS[7], []), False),  # not a power of two: the proof begins with a hash
        (Consistency(4, 7, ROOTS[4], ROOTS[7], []), False),
        (Consistency(2**61, 2**62, UNIFORM[61], UNIFORM[62], [UNIFORM[61]]), True),
        (Consistency(2**62, 2**63, UNIFORM[62], UNIFORM[63], [UNIFORM[62]]), False),  # true, but too large
        (Consistency(0, 2**63, bytes(32), UNIFORM[63], []), False),
        (Consistency(2**63, 2**63, UNIFORM[63], UNIFORM[63], []), False),
        (Consistency(4, 2**256 - 1, ROOTS[4], JUNK, [JUNK] * 61), False),
        (Inclusion(LEAVES[0], 0, 1, [], LEAVES[0]), True),  # the only leaf is the root
        (Inclusion(LEAVES[0], 0, 0, [], LEAVES[0]), False),  # an empty tree includes nothing
        (Inclusion(LEAVES[0], 0, 0, [], bytes(32)), False),
        (Inclusion(bytes(32), 0, 0, [], bytes(32)), False),
        (Inclusion(LEAVES[1], 1, 1, [], LEAVES[1]), False),
        (Inclusion(LEAVES[1], 0, 1, [LEAVES[0]], ROOTS[2]), False),  # a proof longer than the tree is high
        (Inclusion(UNIFORM[0], 0, 2**62, UNIFORM[:62], UNIFORM[62]), True),
        (Inclusion(UNIFORM[0], 0, 2**63, UNIFORM[:63], UNIFORM[63]), False),  # true, but too large
        (Inclusion(LEAVES[0], 2**256 - 1, 2**256 - 1, [], LEAVES[0]), False),
        (Inclusion(ROOTS[2], 0, 1, [], ROOTS[2]), True),  # a node passes for a leaf only where the size is a lie
        (Inclusion(ROOTS[2], 0, 3, [LEAVES[2]], ROOTS[3]), False),
    ]
    answers = many.ask(harness, [case.call() for case, _ in cases], gas_each=GAS_EACH)
    assert [answer is Answer.TRUE for answer in answers] == [expected for _, expected in cases]
    Judges(many, harness).agree([case for case, _ in cases])


def test_proofs_made_by_pymerkle_are_accepted(many: ManyCalls, harness: Contract) -> None:
    other: Any = InmemoryTree(algorithm="sha256")
    other.append_entries([bytes([number]) for number in SMALL_SIZES])
    cases: list[Case] = []
    for size in range(1, len(SMALL_SIZES) + 1):
        root = other.get_root(size)
        for index in range(size):
            # pymerkle counts leaves from one, and its path begins with the leaf itself.
            leaf, *proof = other.prove_inclusion(index + 1, size).path
            cases.append(Inclusion(leaf, index, size, proof, root))
    answers = many.ask(harness, [case.call() for case in cases], gas_each=GAS_EACH)
    assert set(answers) == {Answer.TRUE}


def test_too_long_a_proof_costs_little(many: ManyCalls, harness: Contract) -> None:
    """It is given up when the levels are used up, not walked to its end."""
    rest = [bytes(32)] * 50_000
    old, new = 5, 70
    cases: list[Case] = [
        Consistency(old, new, ROOTS[old], ROOTS[new], [*SMALL_TREE.proof(old, new), *rest]),
        Inclusion(LEAVES[old], old, new, [*SMALL_TREE.path(old, new), *rest], ROOTS[new]),
        Consistency(2**62 - 1, 2**63 - 1, JUNK, JUNK, rest),
        Inclusion(JUNK, 2**62 - 1, 2**63 - 1, rest, JUNK),
        Consistency(2**256 - 2, 2**256 - 1, JUNK, JUNK, rest),
        Inclusion(JUNK, 2**256 - 2, 2**256 - 1, rest, JUNK),
    ]
    answers = many.ask(harness, [case.call() for case in cases], gas_each=120_000)
    assert set(answers) == {Answer.FALSE}
