"""Two implementations that share no code, the project's and the verifier's, are held against each other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError, SignatureError
from ledger.tree import merkle
from ledger.tree import tiles as our_tiles
from ledger.tree.checkpoints import MAX_SIGNATURES, open_checkpoint, open_note
from ledger.tree.keys import VerifierKey
from ledger.tree.proofs import MAX_HASHES, TlogProof
from tests.independent.verifier import notes, proofs, tiles, trees
from tests.independent.verifier.text import Broken
from tests.unit.tree import others
from tests.unit.tree.test_hostile_bytes import FILES, NOTE, edited

VKEYS = (others.REKOR_KEY, others.PETER_KEY)
KEYS = [notes.read_key(vkey) for vkey in VKEYS]
OUR_KEYS = [VerifierKey.parse(vkey) for vkey in VKEYS]
LEAVES = [trees.leaf(bytes([number >> 8, number & 255])) for number in range(700)]
MTH = trees.mth_of(LEAVES)


@given(st.integers(0, len(LEAVES)), st.data())
def test_the_same_trees_and_proofs(size: int, data: st.DataObject) -> None:
    assert merkle.root(LEAVES[:size]) == MTH(0, size)
    if size:
        index = data.draw(st.integers(0, size - 1))
        assert merkle.inclusion_proof(index, size, LEAVES) == trees.inclusion_path(index, size, MTH)
        old = data.draw(st.integers(1, size))
        if old < size:
            assert merkle.consistency_proof(old, size, LEAVES) == trees.consistency_path(old, size, MTH)


@settings(max_examples=150)
@given(st.integers(1, 40), st.data())
def test_the_same_inclusions_hold(size: int, data: st.DataObject) -> None:
    index, claimed = data.draw(st.integers(0, size)), data.draw(st.integers(1, 40))
    path = trees.inclusion_path(min(index, size - 1), size, MTH)
    hashes = data.draw(st.sampled_from([path, path[1:], path[:-1], [*path, LEAVES[0]], path[::-1]]))
    theirs = accepts(trees.check_inclusion, LEAVES[index], index, claimed, hashes, MTH(0, size))
    assert theirs == accepts(merkle.verify_inclusion, LEAVES[index], index, claimed, hashes, MTH(0, size))


@settings(max_examples=150)
@given(st.integers(2, 40), st.data())
def test_the_same_consistencies_hold(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    claimed = data.draw(st.integers(old + 1, 40)) if old < 39 else size
    path = trees.consistency_path(old, size, MTH)
    hashes = data.draw(st.sampled_from([path, path[1:], path[:-1], [*path, LEAVES[0]], path[::-1]]))
    theirs = accepts(trees.check_consistency, old, claimed, MTH(0, old), MTH(0, size), hashes)
    assert theirs == accepts(merkle.verify_consistency, old, claimed, MTH(0, old), MTH(0, size), hashes)


@given(st.integers(-1, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_the_same_paths(level: int, index: int, width: int) -> None:
    path = our_tiles.Tile(level, index, width).path
    assert tiles.Name("entries" if level < 0 else str(level), index, width).path == path
    assert tiles.read_path(path).path == path


@given(st.text("tile/entriesx.p0129", max_size=24) | st.sampled_from(["tile/0/000", "tile/63/x001/000.p/255"]))
def test_the_same_paths_are_read(path: str) -> None:
    assert accepts(tiles.read_path, path) == accepts(our_tiles.Tile.parse, path)


@given(st.integers(0, 300_000))
def test_the_same_tiles_make_a_tree(size: int) -> None:
    levels = ["0", "1", "2"]
    theirs = [name.path for level in levels for name in tiles.names_of(level, size)]
    assert theirs == [tile.path for tile in our_tiles.tiles_of(size)]
    assert [each.path for each in tiles.names_of("entries", size)] == [t.path for t in our_tiles.entry_bundles_of(size)]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=9), st.data())
def test_the_same_bundles(entries: list[bytes], data: st.DataObject) -> None:
    bundle = our_tiles.encode_entries(entries)
    assert tiles.read_entries(bundle, len(entries)) == entries
    changed = data.draw(edited(bundle))
    try:
        read = our_tiles.decode_entries(changed)
    except FormatError:
        for width in range(12):
            assert not changed or not accepts(tiles.read_entries, changed, width)
    else:
        assert tiles.read_entries(changed, len(read)) == read


@settings(max_examples=200)
@given(edited(others.REKOR_COSIGNED.encode()) | edited(NOTE) | FILES)
def test_the_same_notes_and_checkpoints(file: bytes) -> None:
    if file.count("\u2014".encode()) > MAX_SIGNATURES:
        return  # a limit of our own
    assert accepts(notes.open_note, file, KEYS) == accepts(open_note, file, OUR_KEYS)
    assert accepts(notes.open_tree_head, file, KEYS) == accepts(open_checkpoint, file, OUR_KEYS)


@settings(max_examples=200)
@given(edited(others.REKOR_PROOF.encode()) | FILES)
def test_the_same_proofs(file: bytes) -> None:
    def ours(file: bytes) -> None:
        open_checkpoint(TlogProof.parse(file).checkpoint, OUR_KEYS)

    assert file.count(b"\n") < MAX_HASHES
    assert accepts(proofs.read_proof, file, KEYS) == accepts(ours, file)


@pytest.mark.parametrize("vkey", [*VKEYS, others.WITNESS_KEY, others.SUMDB_KEY, others.ENOCH_KEY])
def test_the_same_keys(vkey: str) -> None:
    for at in range(len(vkey)):
        for put in ("", "A", "+", "=", "\u2003", "0"):
            key = vkey[:at] + put + vkey[at + 1 :]
            assert accepts(notes.read_key, key) == accepts(VerifierKey.parse, key), key


def accepts(reader: object, *arguments: object) -> bool:
    """Whether it takes them; anything but its own errors goes through."""
    assert callable(reader)
    try:
        reader(*arguments)
    except (Broken, FormatError, ProofError, SignatureError):
        return False
    return True
