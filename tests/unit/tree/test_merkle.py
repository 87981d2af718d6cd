"""Roots and proofs against the RFC's own recursion, against pymerkle, and against everything that is not a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof

from ledger.errors import ProofError
from ledger.tree import merkle
from ledger.tree.growth import CompactRange, Growth

ENTRIES = [f"entry {number}".encode() for number in range(140)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
RFC_6962_ROOTS = [
    # The eight inputs and roots that Certificate Transparency implementations test themselves with.
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]


def slow_root(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, by its recursion."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    half = largest_power_below(len(entries))
    return hashlib.sha256(b"\x01" + slow_root(entries[:half]) + slow_root(entries[half:])).digest()


def slow_path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(entries) == 1:
        return []
    half = largest_power_below(len(entries))
    if index < half:
        return [*slow_path(index, entries[:half]), slow_root(entries[half:])]
    return [*slow_path(index - half, entries[half:]), slow_root(entries[:half])]


def slow_subproof(old: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1; PROOF is the call with ``whole``."""
    if old == len(entries):
        return [] if whole else [slow_root(entries)]
    half = largest_power_below(len(entries))
    if old <= half:
        return [*slow_subproof(old, entries[:half], whole), slow_root(entries[half:])]
    return [*slow_subproof(old - half, entries[half:], False), slow_root(entries[:half])]


def largest_power_below(number: int) -> int:
    power = 1
    while power * 2 < number:
        power *= 2
    return power


def theirs_accept(proof: Any, old_root: bytes, new_root: bytes) -> bool:
    try:
        proof.verify(old_root, new_root)
    except InvalidProof:
        return False
    return True


def ours_accept(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    try:
        merkle.verify_consistency(old_size, new_size, old_root, new_root, proof)
    except ProofError:
        return False
    return True


def recording_reader(asked: list[tuple[int, int]]) -> Callable[[int, int], bytes]:
    def read(level: int, index: int) -> bytes:
        asked.append((level, index))
        assert (index + 1) << level <= len(LEAVES)
        return slow_root(ENTRIES[index << level : (index + 1) << level])

    return read


def test_known_roots() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry, _ in RFC_6962_ROOTS]
    for size, (_, expected) in enumerate(RFC_6962_ROOTS, start=1):
        assert merkle.root(leaves[:size]).hex() == expected
    assert merkle.root([]) == merkle.EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", [*range(18), 31, 32, 33, 63, 64, 65, 100, 128, 140])
def test_inclusion_equals_the_rfc_and_verifies(size: int) -> None:
    root = slow_root(ENTRIES[:size])
    assert merkle.root(LEAVES[:size]) == merkle.root_at(size, LEAVES) == root
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, LEAVES)
        assert proof == slow_path(index, ENTRIES[:size])
        merkle.verify_inclusion(LEAVES[index], index, size, proof, root)


@pytest.mark.parametrize("new_size", [*range(18), 31, 32, 33, 64, 65, 100])
def test_consistency_equals_the_rfc_and_verifies(new_size: int) -> None:
    new_root = slow_root(ENTRIES[:new_size])
    for old_size in range(new_size + 1):
        proof = merkle.consistency_proof(old_size, new_size, LEAVES)
        assert proof == (slow_subproof(old_size, ENTRIES[:new_size], True) if old_size else [])
        merkle.verify_consistency(old_size, new_size, slow_root(ENTRIES[:old_size]), new_root, proof)


def test_known_proofs() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry, _ in RFC_6962_ROOTS]
    assert [value.hex() for value in merkle.consistency_proof(6, 8, leaves)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [value.hex() for value in merkle.consistency_proof(2, 5, leaves)] == [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]
    assert [value.hex() for value in merkle.inclusion_proof(2, 3, leaves)] == [RFC_6962_ROOTS[1][1]]


def test_pymerkle_gives_the_same_roots_and_inclusion_proofs() -> None:
    other: Any = InmemoryTree(algorithm="sha256")
    other.append_entries(ENTRIES[:70])
    for size in range(1, 71):
        root = other.get_root(size)
        assert merkle.root(LEAVES[:size]) == root
        for index in range(size):
            # pymerkle counts leaves from one, and its path begins with the leaf itself.
            path = other.prove_inclusion(index + 1, size).path
            assert path == [LEAVES[index], *merkle.inclusion_proof(index, size, LEAVES)]
            merkle.verify_inclusion(path[0], index, size, path[1:], root)


def test_pymerkle_finds_the_same_trees_consistent() -> None:
    # pymerkle orders a consistency proof in its own way, so the two agree in what they prove and not byte for byte.
    other: Any = InmemoryTree(algorithm="sha256")
    other.append_entries(ENTRIES[:40])
    for size in range(1, 41):
        for old in range(1, size + 1):
            theirs = other.prove_consistency(old, size)
            ours = merkle.consistency_proof(old, size, LEAVES)
            for old_root in (merkle.root(LEAVES[:old]), merkle.root(LEAVES[1 : old + 1])):
                pair = (old_root, merkle.root(LEAVES[:size]))
                assert (
                    theirs_accept(theirs, *pair)
                    == ours_accept(old, size, *pair, ours)
                    == (old_root == other.get_root(old))
                )


@given(st.data())
def test_a_node_reader_is_asked_exactly_for_the_listed_nodes(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    asked: list[tuple[int, int]] = []
    read = recording_reader(asked)
    assert merkle.inclusion_proof(index, size, read) == merkle.inclusion_proof(index, size, LEAVES)
    assert asked == merkle.inclusion_nodes(index, size)
    asked.clear()
    assert merkle.consistency_proof(old, size, read) == merkle.consistency_proof(old, size, LEAVES)
    assert asked == merkle.consistency_nodes(old, size)
    asked.clear()
    assert merkle.root_at(size, read) == merkle.root(LEAVES[:size])
    assert asked == merkle.root_nodes(size)


def test_huge_sizes_need_few_nodes() -> None:
    assert len(merkle.inclusion_nodes(0, merkle.MAX_SIZE)) < 64 * 63
    assert merkle.root_nodes(2**62) == [(62, 0)]
    assert merkle.consistency_nodes(2**62, 2**62 + 1) == [(0, 2**62)]


def mutated(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """Any other list of hashes, made by one edit."""
    edits = ["insert"] + (["flip", "drop"] if proof else []) + (["swap"] if len(set(proof)) > 1 else [])
    edit = data.draw(st.sampled_from(edits))
    changed = list(proof)
    at = data.draw(st.integers(0, len(proof) - 1)) if proof else 0
    if edit == "insert":
        changed.insert(
            data.draw(st.integers(0, len(proof))),
            data.draw(st.sampled_from([*proof, merkle.EMPTY_ROOT, LEAVES[0], bytes(32)])),
        )
    elif edit == "drop":
        del changed[at]
    elif edit == "flip":
        bit = data.draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    else:
        other = data.draw(st.sampled_from([number for number in range(len(proof)) if proof[number] != proof[at]]))
        changed[at], changed[other] = changed[other], changed[at]
    return changed


@settings(max_examples=300)
@given(st.data())
def test_every_mutated_inclusion_proof_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    root = merkle.root(LEAVES[:size])
    proof = merkle.inclusion_proof(index, size, LEAVES)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], index, size, mutated(data, proof), root)
    other = data.draw(st.integers(-2, size + 2).filter(lambda number: number != index))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], other, size, proof, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[(index + 1) % len(LEAVES)], index, size, proof, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], index, size, proof, merkle.root(LEAVES[: size - 1]))


@settings(max_examples=300)
@given(st.data())
def test_every_mutated_consistency_proof_fails(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(1, len(LEAVES)))
    old_size = data.draw(st.integers(0, new_size))
    old_root, new_root = merkle.root(LEAVES[:old_size]), merkle.root(LEAVES[:new_size])
    proof = merkle.consistency_proof(old_size, new_size, LEAVES)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old_size, new_size, old_root, new_root, mutated(data, proof))
    with pytest.raises(ProofError):
        merkle.verify_consistency(old_size, new_size, merkle.node_hash(old_root, old_root), new_root, proof)
    if old_size:
        with pytest.raises(ProofError):
            merkle.verify_consistency(old_size, new_size, old_root, merkle.node_hash(new_root, new_root), proof)
    with pytest.raises(ProofError):
        merkle.verify_consistency(new_size + 1, new_size, old_root, new_root, proof)


def test_a_proof_of_the_wrong_length_fails_under_a_root_made_for_it() -> None:
    extra = bytes(32)
    one_two = merkle.node_hash(LEAVES[0], LEAVES[1])
    three, four = merkle.root(LEAVES[:3]), merkle.root(LEAVES[:4])
    for index, size, proof, root in [
        (0, 1, [extra], merkle.node_hash(extra, LEAVES[0])),
        (0, 1, [extra], merkle.node_hash(LEAVES[0], extra)),
        (0, 2, [LEAVES[1], extra], merkle.node_hash(one_two, extra)),
        (0, 2, [LEAVES[1], extra], merkle.node_hash(extra, one_two)),
        (0, 3, [LEAVES[1]], one_two),
        (0, 2, [], LEAVES[0]),
    ]:
        with pytest.raises(ProofError, match=r"too (long|short)"):
            merkle.verify_inclusion(LEAVES[0], index, size, proof, root)
    proof = merkle.consistency_proof(3, 4, LEAVES)
    over = merkle.node_hash
    with pytest.raises(ProofError, match="too long"):
        merkle.verify_consistency(3, 4, over(extra, three), over(extra, four), [*proof, extra])
    with pytest.raises(ProofError, match="too short"):
        merkle.verify_consistency(3, 5, three, four, proof)
    with pytest.raises(ProofError, match="too short"):
        merkle.verify_consistency(3, 4, three, four, [])


def test_edges() -> None:
    three = merkle.root(LEAVES[:3])
    merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    merkle.verify_consistency(0, 3, merkle.EMPTY_ROOT, three, [])
    merkle.verify_consistency(3, 3, three, three, [])
    for arguments in [
        (0, 3, bytes(32), three, []),
        (0, 3, merkle.EMPTY_ROOT, three, [three]),
        (0, 0, merkle.EMPTY_ROOT, three, []),
        (0, 0, three, three, []),
        (3, 3, three, LEAVES[0], []),
        (3, 3, three, three, [three]),
    ]:
        with pytest.raises(ProofError):
            merkle.verify_consistency(*arguments)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[0], 0, 0, [], merkle.EMPTY_ROOT)


BAD_NUMBERS: list[Any] = [-1, 2**63, 2**64, 1.0, True, "1", None]


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_impossible_numbers_are_refused(number: Any) -> None:
    root = LEAVES[0]
    calls: list[Callable[[], object]] = [
        lambda: merkle.inclusion_proof(number, 2, LEAVES),
        lambda: merkle.inclusion_proof(0, number, LEAVES),
        lambda: merkle.inclusion_nodes(0, number),
        lambda: merkle.consistency_proof(number, 2, LEAVES),
        lambda: merkle.consistency_proof(1, number, LEAVES),
        lambda: merkle.root_at(number, LEAVES),
        lambda: merkle.root_nodes(number),
        lambda: merkle.verify_inclusion(root, number, 2, [root], root),
        lambda: merkle.verify_inclusion(root, 0, number, [], root),
        lambda: merkle.verify_consistency(number, 2, root, root, []),
        lambda: merkle.verify_consistency(1, number, root, root, []),
        lambda: CompactRange(number, (root,)),
    ]
    for call in calls:
        with pytest.raises(ProofError):
            call()


@pytest.mark.parametrize("size", [0, 1, 2])
def test_an_index_outside_the_tree_is_refused(size: int) -> None:
    for call in (merkle.inclusion_nodes, lambda index, size: merkle.inclusion_proof(index, size, LEAVES)):
        with pytest.raises(ProofError, match="no leaf"):
            call(size, size)


def test_too_few_leaf_hashes_are_refused() -> None:
    for call in (
        lambda: merkle.inclusion_proof(0, 3, LEAVES[:2]),
        lambda: merkle.consistency_proof(1, 3, LEAVES[:2]),
        lambda: merkle.root_at(3, LEAVES[:2]),
    ):
        with pytest.raises(ProofError, match="cannot be made"):
            call()


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), "a" * 32, bytearray(32), memoryview(bytes(32)), None, 7])
def test_what_is_not_a_hash_is_refused(bad: Any) -> None:
    two, three = merkle.root(LEAVES[:2]), merkle.root(LEAVES[:3])
    merkle.verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1]], two)
    merkle.verify_consistency(2, 3, two, three, [LEAVES[2]])
    calls: list[Callable[[], object]] = [
        lambda: merkle.verify_inclusion(bad, 0, 2, [LEAVES[1]], two),
        lambda: merkle.verify_inclusion(LEAVES[0], 0, 2, [bad], two),
        lambda: merkle.verify_inclusion(LEAVES[0], 0, 2, bad, two),
        lambda: merkle.verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1]], bad),
        lambda: merkle.verify_consistency(2, 3, bad, three, [LEAVES[2]]),
        lambda: merkle.verify_consistency(2, 3, two, bad, [LEAVES[2]]),
        lambda: merkle.verify_consistency(2, 3, two, three, [bad]),
        lambda: merkle.verify_consistency(0, 3, merkle.EMPTY_ROOT, bad, []),
        lambda: merkle.root([LEAVES[0], bad]),
        lambda: merkle.inclusion_proof(0, 3, lambda level, index: bad),
        lambda: CompactRange(1, (bad,)),
        lambda: Growth(CompactRange(), [bad]),
    ]
    for call in calls:
        with pytest.raises(ProofError):
            call()
