"""Tiles: the examples of c2sp.org/tlog-tiles, strict paths and bytes, and proofs that are made from tiles alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError
from ledger.tree import merkle, tiles
from ledger.tree.tiles import ENTRIES, Tile

LEAVES = [merkle.leaf_hash(f"entry {number}".encode()) for number in range(1200)]


def tree_node(level: int, index: int) -> bytes:
    return merkle.root(LEAVES[index << level : (index + 1) << level])


def served_tile(tile: Tile) -> bytes:
    return tiles.encode_tile([tree_node(level, index) for level, index in tile.nodes()])


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(3, 1000), "tile/3/x001/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 0, 1), "tile/63/000.p/1"),
        (Tile(1, 1000000, 255), "tile/1/x001/x000/000.p/255"),
        (Tile(ENTRIES, 1234067), "tile/entries/x001/x234/067"),
        (Tile(ENTRIES, 5, 17), "tile/entries/005.p/17"),
        (Tile(0, 2**63 - 1), "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/005",
        "tile/0/x001/x234/x067",
        "tile/0/001/234/067",
        "tile/0/x001x234/067",
        "tile/00/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/99/000",
        "tile/100/000",
        "tile/٣/000",
        "tile/0/٠٠٠",
        "tile/entry/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x009/x223/x372/x036/x854/x775/807",
        "tile/0/../000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(FormatError):
        Tile.parse(path)


TILES = st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))


@given(TILES)
def test_path_round_trip(tile: Tile) -> None:
    assert Tile.parse(tile.path) == tile


@settings(max_examples=300)
@given(TILES, st.data())
def test_no_edited_path_is_read_otherwise(tile: Tile, data: st.DataObject) -> None:
    path = tile.path
    at = data.draw(st.integers(0, len(path)))
    piece = data.draw(st.sampled_from(["", "0", "9", "x", "/", ".p/", "x000/", "\n", "-"]))
    edited = path[:at] + piece + path[at + data.draw(st.integers(0, 1)) :]
    try:
        read = Tile.parse(edited)
    except FormatError:
        return
    assert read.path == edited


@pytest.mark.parametrize("values", [(-2, 0), (64, 0), (0, -1), (0, 2**63), (0, 0, 0), (0, 0, 257)])
def test_impossible_tiles_are_refused(values: tuple[int, ...]) -> None:
    with pytest.raises(FormatError):
        Tile(*values)


def test_the_tree_of_70000() -> None:
    found = list(tiles.tiles_of(70_000))
    assert found == sorted(found)
    assert [tile for tile in found if not tile.is_full] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert sum(tile.is_full and tile.level == 0 for tile in found) == 273
    assert sum(tile.is_full and tile.level == 1 for tile in found) == 1
    assert list(tiles.tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.tiles_of(0)) == []
    bundles = list(tiles.entry_bundles_of(70_000))
    assert (len(bundles), bundles[-1]) == (274, Tile(ENTRIES, 273, 112))


@given(st.integers(0, 200_000), st.integers(0, 3_000))
def test_growth_adds_the_difference(old_size: int, added: int) -> None:
    new_size = old_size + added
    before, after = set(tiles.tiles_of(old_size)), set(tiles.tiles_of(new_size))
    assert set(tiles.completed_and_partial(old_size, new_size)) == after - before
    assert set(tiles.completed(old_size, new_size)) == {tile for tile in after - before if tile.is_full}
    assert all(tile.in_tree(new_size) for tile in after)
    assert not any(tile.in_tree(old_size) for tile in after - before)


def test_in_tree() -> None:
    assert Tile(0, 1, 44).in_tree(300)
    assert not Tile(0, 1, 45).in_tree(300)
    assert Tile(ENTRIES, 1, 44).in_tree(300)
    assert not Tile(ENTRIES, 1, 45).in_tree(300)
    assert Tile(1, 0, 1).in_tree(300)
    assert not Tile(1, 0, 2).in_tree(300)


@given(st.data())
def test_proofs_made_from_tiles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    fetched: dict[Tile, list[bytes]] = {}

    def reader(nodes: list[tuple[int, int]]) -> Callable[[int, int], bytes]:
        for tile in tiles.tiles_of_nodes(nodes, size):
            assert tile in set(tiles.tiles_of(size))
            fetched[tile] = tiles.decode_tile(served_tile(tile))
        return lambda level, index: tiles.node_in_tile(level, index, fetched[tiles.tile_of_node(level, index, size)])

    root = merkle.root(LEAVES[:size])
    proof = merkle.inclusion_proof(index, size, reader(merkle.inclusion_nodes(index, size)))
    merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
    consistency = merkle.consistency_proof(old, size, reader(merkle.consistency_nodes(old, size)))
    merkle.verify_consistency(old, size, merkle.root(LEAVES[:old]), root, consistency)


@pytest.mark.parametrize(
    ("level", "index", "size"), [(0, 5, 5), (1, 2, 5), (3, 0, 7), (8, 0, 255), (-1, 0, 5), (0, -1, 5)]
)
def test_nodes_outside_the_tree_are_refused(level: int, index: int, size: int) -> None:
    with pytest.raises(ProofError):
        tiles.tile_of_node(level, index, size)


def test_a_narrow_tile_is_refused() -> None:
    with pytest.raises(ProofError, match="too narrow"):
        tiles.node_in_tile(2, 1, LEAVES[:7])


HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=256)


@given(HASHES)
def test_tile_bytes_round_trip(hashes: list[bytes]) -> None:
    assert tiles.decode_tile(tiles.encode_tile(hashes)) == hashes


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(32 * 257)])
def test_other_tile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        tiles.decode_tile(data)


@pytest.mark.parametrize("hashes", [[], [bytes(31)], [bytes(32)] * 257])
def test_what_is_no_tile_is_not_written(hashes: list[bytes]) -> None:
    with pytest.raises(FormatError):
        tiles.encode_tile(hashes)


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=256))
def test_entry_bundle_round_trip(entries: list[bytes]) -> None:
    assert tiles.decode_entries(tiles.encode_entries(entries)) == entries


@given(st.binary(max_size=60))
def test_no_other_bytes_are_an_entry_bundle(data: bytes) -> None:
    try:
        entries = tiles.decode_entries(data)
    except FormatError:
        return
    assert tiles.encode_entries(entries) == data


def test_bounds_of_entry_bundles() -> None:
    longest = bytes(tiles.MAX_ENTRY_BYTES)
    assert tiles.decode_entries(tiles.encode_entries([longest] * 256)) == [longest] * 256
    for entries in ([], [b""] * 257, [longest + b"x"]):
        with pytest.raises(FormatError):
            tiles.encode_entries(entries)
    for data in (b"", b"\x00", b"\x00\x01", b"\x00\x02a", bytes(2 * 257), bytes(2 * 256 + 1)):
        with pytest.raises(FormatError):
            tiles.decode_entries(data)
