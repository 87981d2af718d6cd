"""The tree as the pages show it is the one that proofs are made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.tree_views import (
    Span,
    hash_of,
    nodes_of,
    siblings_of,
    span_of,
    tile_rows,
    unfold,
    ways_above,
    ways_to,
)
from ledger.tree import merkle
from ledger.tree.tiles import Tile, entry_bundles_of, tiles_of

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(300)]
SIZES = st.integers(1, 300)


def read(level: int, index: int) -> bytes:
    return merkle.root(LEAVES[index << level : (index + 1) << level])


@given(SIZES, st.data())
def test_siblings_are_the_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, LEAVES[:size])
    siblings = siblings_of(index, size)
    assert [hash_of(span, read) for _, span in siblings] == proof
    computed = LEAVES[index]
    for (side, _), each in zip(siblings, proof, strict=True):
        computed = merkle.node_hash(each, computed) if side == "left" else merkle.node_hash(computed, each)
    assert computed == merkle.root(LEAVES[:size])


@settings(max_examples=25)
@given(SIZES, st.data())
def test_every_node_is_the_root_of_its_entries_and_has_an_address(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    way = ways_to(index, size)
    assert way[0] == Span(0, size)
    assert way[-1] == Span(index, index + 1)
    for top in way:
        spans = list(unfold(top))
        assert len(spans) <= 15
        for span in spans:
            assert hash_of(span, read) == merkle.root(LEAVES[span.begin : span.end])
            assert span_of(span.level, span.number, size) == span
            assert all((each + 1) << level <= size for level, each in nodes_of([span]))
            assert ways_above(span, size)[-1] == span


@pytest.mark.parametrize(("level", "number"), [(0, 300), (9, 1), (10, 0), (63, 0)])
def test_a_node_that_is_not_there(level: int, number: int) -> None:
    assert span_of(level, number, 300) is None


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 65_537, 1_000_000])
def test_the_tiles_that_are_counted_are_those_of_the_log(size: int) -> None:
    rows = tile_rows(size)
    every = [*entry_bundles_of(size), *tiles_of(size)]
    for row in rows:
        ours = [tile for tile in every if tile.level == row.level]
        assert row.full == sum(tile.is_full for tile in ours)
        assert row.growing == sum(tile.width for tile in ours if not tile.is_full)
        assert Tile.parse(row.path) == ours[-1]
    assert {tile.level for tile in every} == {row.level for row in rows}
