"""Nodes of tiles equal those hashed from the leaves, whatever the tile's width; what is kept has a bound."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.tree import merkle
from ledger.tree.tile_nodes import KeptTiles, TileNodes, tile_of
from ledger.tree.tiles import tile_of_node


def some_leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in range(count)]


@given(st.integers(0, 256), st.integers(0, 2**20), st.integers(0, 6))
def test_every_node_of_a_tile_is_the_root_of_its_leaves(width: int, n: int, tile_level: int) -> None:
    leaves = some_leaves(width)
    tile = TileNodes(b"".join(leaves))
    for height in range(8):
        for position in range(256 >> height):
            below = leaves[position << height : (position + 1) << height]
            expected = merkle.root(below) if len(below) == 1 << height else b""
            assert tile.node(8 * tile_level + height, (n << (8 - height)) + position) == expected


@given(st.integers(0, 62), st.integers(0, 2**40))
def test_a_node_is_looked_for_in_the_tile_that_the_format_names(level: int, index: int) -> None:
    index >>= max(0, level - 22)
    tile = tile_of_node(level, index, merkle.MAX_SIZE)
    assert tile_of(level, index) == (tile.level, tile.index)


@pytest.mark.parametrize("size", [31, 33, 257 * 32])
def test_what_is_no_tile_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        TileNodes(bytes(size))


@given(st.integers(1, 700), st.data())
def test_proofs_from_kept_tiles_are_those_from_the_leaves(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    kept = KeptTiles(8)
    for n in range(-(-size // 256)):
        kept.keep((0, n), TileNodes(b"".join(leaves[256 * n : 256 * (n + 1)])))
    above = [merkle.root(leaves[256 * n : 256 * (n + 1)]) for n in range(size // 256)]
    kept.keep((1, 0), TileNodes(b"".join(above)))
    index = data.draw(st.integers(0, size - 1))
    assert merkle.inclusion_proof(index, size, kept.node) == merkle.inclusion_proof(index, size, leaves)
    old = data.draw(st.integers(0, size))
    assert merkle.consistency_proof(old, size, kept.node) == merkle.consistency_proof(old, size, leaves)


def test_the_tiles_asked_for_last_are_kept() -> None:
    kept = KeptTiles(2)
    tile = TileNodes(bytes(64))
    kept.keep((0, 0), tile)
    kept.keep((0, 1), tile)
    assert kept.node(0, 1) == bytes(32)
    kept.keep((0, 2), tile)  # in place of the one not asked for
    assert len(kept) == 2
    assert kept.get((0, 1)) is None
    assert kept.get((0, 0)) is tile
    with pytest.raises(KeyError):
        kept.node(0, 256)
    with pytest.raises(KeyError):
        kept.node(0, 2)  # the tile is narrower
    kept.clear()
    assert kept.get((0, 0)) is None
