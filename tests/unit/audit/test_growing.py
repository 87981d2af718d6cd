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
    assert roots_at(LEAVES[:1000], sizes) == expected


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
