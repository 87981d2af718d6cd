"""Appending by compact range equals building the tree anew: roots, new nodes, and every appended leaf's proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError
from ledger.tree import merkle
from ledger.tree.growth import CompactRange, Growth

LEAVES = [merkle.leaf_hash(f"entry {number}".encode()) for number in range(4600)]


def range_of(size: int) -> CompactRange:
    return CompactRange().append_many(LEAVES[:size])[0]


def assert_grown(old_size: int, new_size: int) -> None:
    before = range_of(old_size)
    after, new_nodes = before.append_many(LEAVES[old_size:new_size])
    assert (after.size, after.root()) == (new_size, merkle.root(LEAVES[:new_size]))
    assert after == range_of(new_size)
    proofs = Growth(before, LEAVES[old_size:new_size]).inclusion_proofs()
    assert proofs == [merkle.inclusion_proof(index, new_size, LEAVES) for index in range(old_size, new_size)]
    found = {(level, first + number): value for level, first, row in new_nodes for number, value in enumerate(row)}
    expected = {
        (level, index): merkle.root(LEAVES[index << level : (index + 1) << level])
        for level in range(new_size.bit_length())
        for index in range(old_size >> level, new_size >> level)
    }
    assert found == expected


@pytest.mark.parametrize("new_size", range(40))
def test_every_small_growth(new_size: int) -> None:
    for old_size in range(new_size + 1):
        assert_grown(old_size, new_size)


@given(old_size=st.integers(0, 300), added=st.integers(0, 60))
def test_any_growth(old_size: int, added: int) -> None:
    assert_grown(old_size, old_size + added)


def test_a_large_group() -> None:
    growth = Growth(range_of(577), LEAVES[577:4577])
    root = merkle.root(LEAVES[:4577])
    assert growth.after.root() == root
    for offset, proof in enumerate(growth.inclusion_proofs()):
        merkle.verify_inclusion(LEAVES[577 + offset], 577 + offset, 4577, proof, root)


def test_proofs_are_lists_of_their_own() -> None:
    for old_size in range(9):
        for new_size in range(old_size, 18):
            proofs = Growth(range_of(old_size), LEAVES[old_size:new_size]).inclusion_proofs()
            assert len(set(map(id, proofs))) == len(proofs)


@given(st.integers(0, 600))
def test_encoding_round_trip(size: int) -> None:
    compact = range_of(size)
    assert CompactRange.decode(size, compact.encode()) == compact
    for wrong in (compact.encode() + bytes(32), compact.encode() + b"\x00", compact.encode()[:-1] or b"\x00"):
        with pytest.raises(FormatError):
            CompactRange.decode(size, wrong)


def test_impossible_ranges_are_refused() -> None:
    with pytest.raises(ProofError):
        CompactRange(3, (LEAVES[0],))
    with pytest.raises(ProofError):
        CompactRange(-1, ())
    full = CompactRange(merkle.MAX_SIZE, tuple(LEAVES[:63]))
    with pytest.raises(ProofError):
        full.append_many(LEAVES[:1])
    assert full.append_many([]) == (full, [])
