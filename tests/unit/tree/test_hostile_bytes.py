"""Whatever bytes come: a reader returns what is written again word for word, or raises its own error, nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureError
from ledger.tree import tiles
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint, open_note
from ledger.tree.keys import VerifierKey
from ledger.tree.proofs import TlogProof
from ledger.tree.tiles import Tile
from tests.unit.tree import others

PETER, REKOR = VerifierKey.parse(others.PETER_KEY), VerifierKey.parse(others.REKOR_KEY)
NOTE = f"{others.TEXT}\n{others.PETER}{others.ENOCH}".encode()
BUNDLE = tiles.encode_entries([b"", b"a", b"bc" * 40, b"\x00\x01"])
# What files are made of, whole and in pieces, so that arbitrary files come past the first line.
PIECES = [
    *others.REKOR_COSIGNED.encode().splitlines(keepends=True),
    *others.REKOR_PROOF.encode().splitlines(keepends=True),
    *(
        NOTE,
        others.PETER.encode(),
        b"\n",
        b"\n\n",
        b"\r\n",
        b" ",
        b"+",
        b"=",
        b"0",
        b"-1",
        b"extra YQ==\n",
        b"index 7\n",
    ),
    *("\u2014 ".encode(), "\u00a0".encode(), "\u2028".encode(), b"\xff", b"\x00", b"\t", b"\x7f", b"\xef\xbb\xbf"),
]
FILES = st.binary(max_size=200) | st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=14).map(b"".join)


@st.composite
def edited(draw: st.DrawFn, data: bytes) -> bytes:
    """The file with one byte changed, put in or left out, or its lines in another order."""
    if draw(st.booleans()) and b"\n" in data:
        return b"".join(draw(st.permutations(data.splitlines(keepends=True))))
    at = draw(st.integers(0, len(data)))
    put = draw(st.binary(max_size=1) | st.sampled_from([b"\n", b" ", b"=", b"\r", b"A", b"0"]))
    return data[:at] + put + data[at + draw(st.integers(0, 1)) :]


def note_again(data: bytes) -> bytes:
    note = UnverifiedNote.parse(data)
    assert note.text.endswith("\n")
    assert note.signatures
    return data


def checkpoint_again(data: bytes) -> bytes:
    try:
        return Checkpoint.parse(data.decode()).text().encode()
    except UnicodeDecodeError:
        raise FormatError("not a text") from None


def key_again(data: bytes) -> bytes:
    return VerifierKey.parse(data.decode("utf-8", "surrogateescape")).vkey.encode()


def path_again(data: bytes) -> bytes:
    return Tile.parse(data.decode("utf-8", "surrogateescape")).path.encode()


READERS: dict[str, tuple[Callable[[bytes], bytes], bytes]] = {
    "note": (note_again, others.REKOR_COSIGNED.encode()),
    "checkpoint": (checkpoint_again, others.REKOR_COSIGNED.partition("\n\n")[0].encode() + b"\n"),
    "proof": (lambda data: TlogProof.parse(data).format().encode(), others.REKOR_PROOF.encode()),
    "key": (key_again, others.PETER_KEY.encode()),
    "path": (path_again, b"tile/entries/x001/x234/067.p/112"),
    "tile": (lambda data: tiles.encode_tile(tiles.decode_tile(data)), bytes(range(96))),
    "bundle": (lambda data: tiles.encode_entries(tiles.decode_entries(data)), BUNDLE),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=80)
@given(data=st.data())
def test_every_reader_has_one_spelling(name: str, data: st.DataObject) -> None:
    again, right = READERS[name]
    assert again(right) == right
    file = data.draw(FILES | edited(right))
    with contextlib.suppress(FormatError):
        assert again(file) == file


@settings(max_examples=150)
@given(edited(others.REKOR_COSIGNED.encode()) | FILES)
def test_no_edit_makes_another_checkpoint(file: bytes) -> None:
    """Only what is ignored, the lines of unknown keys, may differ; what is read is what the log signed."""
    try:
        checkpoint = open_checkpoint(file, [REKOR])
    except (FormatError, SignatureError):
        return
    signed = [each.partition("\n\n")[0] + "\n" for each in (others.REKOR_COSIGNED, others.REKOR_CHECKPOINT)]
    assert checkpoint.text() in signed


@settings(max_examples=150)
@given(edited(NOTE) | FILES)
def test_no_edit_makes_another_note(file: bytes) -> None:
    try:
        note = open_note(file, [PETER])
    except (FormatError, SignatureError):
        return
    assert note.text == others.TEXT
