"""The tree of the log against the recursions of RFC 9162: every small size, and proofs of huge ones by their nodes."""

from __future__ import annotations

import hashlib
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.tree import merkle
from ledger.tree.growth import CompactRange, Growth
from tests.unit.log import reference

LEAVES = [hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(700)]


@cache
def node(begin: int, end: int) -> bytes:
    """MTH(D[begin:end]) of the fixed leaves, remembered, so that every size can be compared."""
    if end - begin == 1:
        return LEAVES[begin]
    split = begin + reference.largest_power_below(end - begin)
    return hashlib.sha256(b"\x01" + node(begin, split) + node(split, end)).digest()


def test_the_remembered_recursion_is_the_plain_one() -> None:
    for size in (1, 2, 3, 7, 8, 9, 100, 257):
        assert node(0, size) == reference.tree_head(LEAVES[:size])


def test_every_root_up_to_600_built_at_once_and_leaf_by_leaf() -> None:
    grown = CompactRange()
    assert merkle.root([]) == grown.root() == reference.tree_head([])
    for size in range(1, 601):
        grown, _ = grown.append_many(LEAVES[size - 1 : size])
        assert merkle.root(LEAVES[:size]) == merkle.root_at(size, LEAVES) == grown.root() == node(0, size)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 600), st.integers(0, 600), st.data())
def test_proofs_between_any_sizes(one: int, two: int, data: st.DataObject) -> None:
    old, new = sorted((one, two))
    assert merkle.consistency_proof(old, new, LEAVES) == reference.proof(old, LEAVES[:new])
    if new:
        index = data.draw(st.integers(0, new - 1))
        assert merkle.inclusion_proof(index, new, LEAVES) == reference.path(index, LEAVES[:new])


@pytest.mark.long
def test_every_proof_between_all_sizes_up_to_130() -> None:
    for new in range(131):
        for old in range(new + 1):
            found = merkle.consistency_proof(old, new, LEAVES)
            assert found == reference.proof(old, LEAVES[:new])
            merkle.verify_consistency(old, new, merkle.root(LEAVES[:old]), merkle.root(LEAVES[:new]), found)
        for index in range(new):
            found = merkle.inclusion_proof(index, new, LEAVES)
            assert found == reference.path(index, LEAVES[:new])
            merkle.verify_inclusion(LEAVES[index], index, new, found, merkle.root(LEAVES[:new]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_a_tree_that_grows_by_groups_gives_the_proofs_of_its_new_leaves(groups: list[int]) -> None:
    compact, size = CompactRange(), 0
    for wanted in groups:
        count = min(wanted, len(LEAVES) - size)
        growth = Growth(compact, LEAVES[size : size + count])
        compact = growth.after
        proofs = growth.inclusion_proofs()
        assert len(proofs) == count
        for offset in {0, count // 2, count - 1} if count else ():
            assert proofs[offset] == reference.path(size + offset, LEAVES[: size + count])
        size += count
        assert compact.root() == (node(0, size) if size else reference.tree_head([]))


# ---- trees that nobody can build: a node's hash is made of its place ----


def place_hash(level: int, index: int) -> bytes:
    """The hash of a complete node of a tree whose leaves are all made up; its parts are consistent by construction."""
    return hashlib.sha256(b"node %d %d" % (level, index)).digest()


def huge_head(begin: int, end: int) -> bytes:
    """MTH over leaves [begin, end), where every complete aligned subtree has its made-up hash."""
    width = end - begin
    if width & (width - 1) == 0 and begin % width == 0:
        return place_hash(width.bit_length() - 1, begin // width)
    split = begin + reference.largest_power_below(width)
    return hashlib.sha256(b"\x01" + huge_head(begin, split) + huge_head(split, end)).digest()


def huge_path(index: int, begin: int, end: int) -> list[bytes]:
    """PATH, on the same tree."""
    if end - begin == 1:
        return []
    split = begin + reference.largest_power_below(end - begin)
    if index < split:
        return [*huge_path(index, begin, split), huge_head(split, end)]
    return [*huge_path(index, split, end), huge_head(begin, split)]


def huge_proof(old: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF, on the same tree; ``old`` is a place, not a width."""
    if old == end:
        return [] if whole else [huge_head(begin, end)]
    split = begin + reference.largest_power_below(end - begin)
    if old <= split:
        return [*huge_proof(old, begin, split, whole=whole), huge_head(split, end)]
    return [*huge_proof(old, split, end, whole=False), huge_head(begin, split)]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 2**62), st.randoms(use_true_random=False))
def test_proofs_of_huge_trees_take_the_nodes_of_the_recursion(size: int, random: Random) -> None:
    index, old = random.randrange(size), random.randint(1, size)
    assert merkle.root_at(size, place_hash) == huge_head(0, size)
    assert merkle.inclusion_proof(index, size, place_hash) == huge_path(index, 0, size)
    assert merkle.consistency_proof(old, size, place_hash) == huge_proof(old, 0, size, whole=True)
    nodes = merkle.inclusion_nodes(index, size)
    assert all((place + 1) << level <= size for level, place in nodes)
    assert len(nodes) <= 2 * size.bit_length()
