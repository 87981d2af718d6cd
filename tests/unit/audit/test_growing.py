import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.growing import GrowingTree, Hashes, roots_at
from ledger.tree import merkle
from ledger.tree.tiles import Tile, decode_tile, tiles_of

LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


def grow(tree: GrowingTree, leaves: list[bytes]) -> dict[Tile, bytes]:
    return dict(tree.append(leaves)) | dict(tree.partial_tiles())


@given(st.lists(st.integers(0, 700), max_size=5))
def test_the_root_is_that_of_the_leaves_however_they_come(groups: list[int]) -> None:
    tree = GrowingTree()
    for group in groups:
        list(tree.append(LEAVES[tree.size : tree.size + group]))
        assert tree.root() == merkle.root(LEAVES[: tree.size])


@given(st.integers(0, 1500), st.integers(0, 1500))
def test_a_resumed_tree_goes_on_where_it_stopped(old: int, more: int) -> None:
    whole, first = GrowingTree(), GrowingTree()
    tiles = grow(first, LEAVES[:old])
    again = GrowingTree.resume(old, tiles.__getitem__)
    assert grow(again, LEAVES[old : old + more]).items() >= dict(again.partial_tiles()).items()
    list(whole.append(LEAVES[: old + more]))
    assert again.root() == whole.root()
    assert dict(again.partial_tiles()) == dict(whole.partial_tiles())


def test_three_levels_of_tiles() -> None:
    tree = GrowingTree()
    tiles = grow(tree, LEAVES)
    assert set(tiles) == set(tiles_of(len(LEAVES)))
    assert tree.root() == merkle.root(LEAVES)
    assert decode_tile(tiles[Tile(2, 0, 1)]) == [merkle.root(LEAVES[:65_536])]
    again = GrowingTree.resume(len(LEAVES), tiles.__getitem__)
    assert again.root() == tree.root()


@given(st.lists(st.integers(0, 1200), max_size=6))
def test_roots_at_many_sizes(sizes: list[int]) -> None:
    expected = {size: merkle.root(LEAVES[:size]) for size in sizes if size <= 1000}
    tile_roots = [merkle.root(LEAVES[begin : min(begin + 256, 1000)]) for begin in range(0, 1000, 256)]
    assert roots_at(LEAVES[:1000], tile_roots, sizes) == expected


@given(st.integers(0, 1500))
def test_a_tree_grows_tile_by_tile_as_it_does_leaf_by_leaf(size: int) -> None:
    by_leaf, by_tile = GrowingTree(), GrowingTree()
    above = {tile: data for tile, data in by_leaf.append(LEAVES[:size]) if tile.level}
    found: dict[Tile, bytes] = {}
    for begin in range(0, size, 256):
        row = LEAVES[begin : min(begin + 256, size)]
        found |= by_tile.append_tile(b"".join(row), merkle.root(row))
    assert found == above
    assert (by_tile.size, by_tile.root()) == (size, by_leaf.root())
    assert dict(by_tile.partial_tiles()) == dict(by_leaf.partial_tiles())


def test_nothing_comes_after_a_partial_tile() -> None:
    tree = GrowingTree()
    list(tree.append_tile(b"".join(LEAVES[:5]), merkle.root(LEAVES[:5])))
    with pytest.raises(ValueError, match="within a tile"):
        list(tree.append_tile(b"".join(LEAVES[:5]), merkle.root(LEAVES[:5])))


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 4999))
def test_the_first_hash_that_differs(size: int, other_size: int, place: int) -> None:
    ours, theirs = Hashes(), Hashes()
    ours.extend(LEAVES[:size])
    theirs.extend([*LEAVES[:place], LEAVES[-1], *LEAVES[place + 1 : other_size]][:other_size])
    assert ours.first_difference(theirs) == (place if place < min(size, other_size) else None)


@given(st.lists(st.integers(0, 9), max_size=5), st.slices(30))
def test_joined_hashes_are_read_like_a_list(groups: list[int], some: slice) -> None:
    joined, listed = Hashes(), list[bytes]()
    for group in groups:
        joined.extend(LEAVES[len(listed) : len(listed) + group])
        listed += LEAVES[len(listed) : len(listed) + group]
    assert (len(joined), list(joined), joined[some]) == (len(listed), listed, listed[some])
    assert [joined[-each] for each in range(1, len(listed) + 1)] == listed[::-1]
    for beyond in (len(listed), -len(listed) - 1):
        with pytest.raises(IndexError):
            joined[beyond]
