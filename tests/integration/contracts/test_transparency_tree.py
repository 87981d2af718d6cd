"""The proof library says what ``ledger.tree.merkle`` says, on true proofs and on spoiled ones."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from ledger.errors import ProofError
from ledger.tree import merkle
from tests.integration.contracts.evm import Evm

INCLUSION = ("verifyInclusion", ["bytes32", "uint256", "uint256", "bytes32[]", "bytes32"])
CONSISTENCY = ("verifyConsistency", ["uint256", "uint256", "bytes32", "bytes32", "bytes32[]"])
LEAVES = [merkle.leaf_hash(bytes([index])) for index in range(70)]
ROOTS = [merkle.root(LEAVES[:size]) for size in range(len(LEAVES) + 1)]
UNIFORM = [merkle.leaf_hash(b"the same")]  # by level: nodes of a tree of any size whose leaves are all equal
for _ in range(64):
    UNIFORM.append(merkle.node_hash(UNIFORM[-1], UNIFORM[-1]))

Case = tuple[Any, ...]


@pytest.fixture(scope="module")
def harness(session_evm: Evm) -> Contract:
    return session_evm.deploy("TransparencyTreeHarness")


def uniform(level: int, _: int) -> bytes:
    return UNIFORM[level]


def accepts(verify: Callable[..., None], case: Case) -> bool:
    try:
        verify(*case)
    except ProofError:
        return False
    return True


def accepts_consistency(case: Case) -> bool:
    """Python's word, with the contract's one difference: what root an empty tree has is not asked."""
    old, new, old_root, new_root, proof = case
    return accepts(merkle.verify_consistency, (old, new, old_root if old else merkle.EMPTY_ROOT, new_root, proof))


def consistency_case(old: int, new: int, source: merkle.HashSource = LEAVES) -> Case:
    roots = merkle.root_at(old, source), merkle.root_at(new, source)
    return old, new, *roots, merkle.consistency_proof(old, new, source)


def inclusion_case(index: int, size: int, source: merkle.HashSource = LEAVES) -> Case:
    leaf = source[index] if isinstance(source, list) else UNIFORM[0]
    return leaf, index, size, merkle.inclusion_proof(index, size, source), merkle.root_at(size, source)


def spoil(case: Case, rng: random.Random) -> Case:
    """Changes one thing: a bit of a hash, a number, the proof's length or order."""
    position = rng.randrange(len(case))
    part = case[position]
    if isinstance(part, int):
        changed: Any = max(0, part + rng.choice([-1, 1, 2, -part, 2**32]))
    elif isinstance(part, bytes):
        changed = flip(part, rng)
    else:
        changed = spoil_proof(part, rng)
    return (*case[:position], changed, *case[position + 1 :])


def flip(hash_: bytes, rng: random.Random) -> bytes:
    return (int.from_bytes(hash_, "big") ^ 1 << rng.randrange(256)).to_bytes(32, "big")


def spoil_proof(proof: list[bytes], rng: random.Random) -> list[bytes]:
    position = rng.randrange(len(proof) + 1)
    inserted = [*proof[:position], rng.choice([*LEAVES, *proof]), *proof[position:]]
    if not proof:
        return inserted
    at = rng.randrange(len(proof))
    return rng.choice(
        [
            inserted,
            proof[:at] + proof[at + 1 :],
            [*proof[:at], flip(proof[at], rng), *proof[at + 1 :]],
            proof[::-1],
            [*proof, *proof],
        ]
    )


def test_every_true_proof_of_small_trees_is_accepted(session_evm: Evm, harness: Contract) -> None:
    inclusions = [inclusion_case(index, size) for size in range(1, 36) for index in range(size)]
    consistencies = [consistency_case(old, new) for new in range(36) for old in range(new + 1)]
    assert all(session_evm.call_many(harness, *INCLUSION, inclusions))
    assert all(session_evm.call_many(harness, *CONSISTENCY, consistencies))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_spoiled_proofs_are_judged_as_in_python(session_evm: Evm, harness: Contract, seed: int) -> None:
    rng = random.Random(seed)
    pairs = [sorted(rng.choices(range(1, 71), k=2)) for _ in range(120)]
    inclusions = [spoil(inclusion_case(old - 1, new), rng) for old, new in pairs]
    consistencies = [spoil(consistency_case(old, new), rng) for old, new in pairs]
    assert session_evm.call_many(harness, *INCLUSION, inclusions) == [
        accepts(merkle.verify_inclusion, case) for case in inclusions
    ]
    assert session_evm.call_many(harness, *CONSISTENCY, consistencies) == [
        accepts_consistency(case) for case in consistencies
    ]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_trees_of_any_size(session_evm: Evm, harness: Contract, seed: int) -> None:
    rng = random.Random(seed)
    pairs = [sorted(rng.randrange(1, 2 ** rng.randrange(1, 63)) for _ in range(2)) for _ in range(40)]
    inclusions = [inclusion_case(old - 1, new, uniform) for old, new in pairs]
    consistencies = [consistency_case(old, new, uniform) for old, new in pairs]
    assert all(session_evm.call_many(harness, *INCLUSION, inclusions))
    assert all(session_evm.call_many(harness, *CONSISTENCY, consistencies))
    inclusions = [spoil(case, rng) for case in inclusions]
    consistencies = [spoil(case, rng) for case in consistencies]
    assert session_evm.call_many(harness, *INCLUSION, inclusions) == [
        accepts(merkle.verify_inclusion, case) for case in inclusions
    ]
    assert session_evm.call_many(harness, *CONSISTENCY, consistencies) == [
        accepts_consistency(case) for case in consistencies
    ]


def test_edges(session_evm: Evm, harness: Contract) -> None:
    junk = hashlib.sha256(b"junk").digest()
    consistencies: list[tuple[Case, bool]] = [
        ((0, 5, bytes(32), ROOTS[5], []), True),  # from nothing to anything
        ((0, 5, bytes(32), ROOTS[5], [junk]), False),
        ((0, 0, bytes(32), bytes(32), []), True),
        ((0, 0, bytes(32), junk, []), False),
        ((5, 5, ROOTS[5], ROOTS[5], []), True),
        ((5, 5, ROOTS[5], ROOTS[5], [junk]), False),
        ((5, 5, ROOTS[5], ROOTS[6], []), False),
        ((6, 5, ROOTS[6], ROOTS[5], []), False),
        ((5, 7, ROOTS[5], ROOTS[7], []), False),  # not a power of two: the proof begins with a hash
        ((4, 7, ROOTS[4], ROOTS[7], []), False),
        ((2**61, 2**62, UNIFORM[61], UNIFORM[62], [UNIFORM[61]]), True),
        ((2**62, 2**63, UNIFORM[62], UNIFORM[63], [UNIFORM[62]]), False),  # true, but too large
        ((4, 2**256 - 1, ROOTS[4], junk, [junk] * 61), False),
    ]
    inclusions: list[tuple[Case, bool]] = [
        ((LEAVES[0], 0, 1, [], LEAVES[0]), True),  # the only leaf is the root
        ((LEAVES[0], 0, 0, [], LEAVES[0]), False),  # an empty tree includes nothing
        ((LEAVES[0], 0, 0, [], bytes(32)), False),
        ((LEAVES[1], 1, 1, [], LEAVES[1]), False),
        ((LEAVES[1], 0, 1, [LEAVES[0]], ROOTS[2]), False),  # a proof longer than the tree is high
        ((UNIFORM[0], 0, 2**62, UNIFORM[:62], UNIFORM[62]), True),
        ((UNIFORM[0], 0, 2**63, UNIFORM[:63], UNIFORM[63]), False),  # true, but too large
        ((LEAVES[0], 2**256 - 1, 2**256 - 1, [], LEAVES[0]), False),
        ((ROOTS[2], 0, 1, [], ROOTS[2]), True),  # a node passes for a leaf only where the size is a lie
        ((ROOTS[2], 0, 3, [LEAVES[2]], ROOTS[3]), False),
    ]
    assert session_evm.call_many(harness, *CONSISTENCY, [case for case, _ in consistencies]) == [
        expected for _, expected in consistencies
    ]
    assert session_evm.call_many(harness, *INCLUSION, [case for case, _ in inclusions]) == [
        expected for _, expected in inclusions
    ]


def test_too_long_a_proof_costs_little(session_evm: Evm, harness: Contract) -> None:
    """It is given up when the levels are used up, not walked to its end."""
    old, new, old_root, new_root, proof = consistency_case(5, 70)
    call = harness.functions.verifyConsistency(old, new, old_root, new_root, proof + [bytes(32)] * 500)
    assert call.call() is False
    calldata = 500 * 32 * 16
    assert call.estimate_gas() < calldata + 100_000
