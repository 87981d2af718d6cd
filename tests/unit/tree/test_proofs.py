"""The tlog-proof file: one spelling, read and written word for word."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.proofs import MAX_HASHES, MAX_PROOF_BYTES, TlogProof

SIGNER = LogSigner.generate("example.com/fancylog")
NOTE = sign(Checkpoint(SIGNER.name, 109482, bytes(range(32))), SIGNER)
# The example of c2sp.org/tlog-proof@v1 with a checkpoint that is not abridged, and extra data of whole bytes.
HASH_LINES = [
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=",
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=",
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=",
]
TEXT = "\n".join(["c2sp.org/tlog-proof@v1", "extra YWdlLXYxLjIuMQ==", "index 73894", *HASH_LINES, "", NOTE])


def test_the_example_of_the_specification() -> None:
    proof = TlogProof.parse(TEXT)
    assert (proof.index, proof.extra, proof.checkpoint) == (73894, b"age-v1.2.1", NOTE)
    assert [base64.b64encode(value).decode() for value in proof.hashes] == HASH_LINES
    assert proof.format() == TEXT
    assert TlogProof.parse(TEXT.encode()) == proof


def test_the_longest_proof_that_can_be_needed() -> None:
    """Sixteen signatures, post-quantum ones of 5 kB, the longest entry and the longest path."""
    others = "".join(f"\u2014 w{number}.example {base64.b64encode(bytes(5_000)).decode()}\n" for number in range(15))
    proof = TlogProof(0, (bytes(32),) * MAX_HASHES, NOTE + others, bytes(65_535))
    assert TlogProof.parse(proof.format()) == proof
    with pytest.raises(FormatError, match="longer than"):
        TlogProof(0, (), NOTE, bytes(MAX_PROOF_BYTES)).format()


@given(
    index=st.integers(0, 2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_HASHES),
    extra=st.none() | st.binary(min_size=1, max_size=300),
)
def test_round_trip(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(hashes), NOTE, extra)
    assert TlogProof.parse(proof.format()) == proof


@settings(max_examples=500)
@given(st.data())
def test_an_edited_file_is_refused_or_read_word_for_word(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT)))
    piece = data.draw(st.sampled_from(["", "\n", "0", "A", " ", "=", "\r", "\t", "\n\n", "extra ", "index 1\n"]))
    edited = TEXT[:at] + piece + TEXT[at + data.draw(st.integers(0, 2)) :]
    try:
        proof = TlogProof.parse(edited)
    except FormatError:
        return
    assert proof.format() == edited


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        TEXT.replace("@v1", "@v2"),
        "\n" + TEXT,
        TEXT.replace("\nextra", "\n\nextra"),
        TEXT.replace("extra YWdlLXYxLjIuMQ==", "extra "),
        TEXT.replace("extra YWdlLXYxLjIuMQ==", "extra"),
        TEXT.replace("extra YWdlLXYxLjIuMQ==", "extra YWdlLXYxLjIuMR=="),
        TEXT.replace("extra YWdlLXYxLjIuMQ==", "extra YWdlLXYxLjIuMQ==\nextra YWdlLXYxLjIuMQ=="),
        TEXT.replace("extra YWdlLXYxLjIuMQ==\nindex 73894", "index 73894\nextra YWdlLXYxLjIuMQ=="),
        TEXT.replace("index 73894\n", ""),
        TEXT.replace("index 73894", "index 073894"),
        TEXT.replace("index 73894", "index -1"),
        TEXT.replace("index 73894", f"index {2**63}"),
        TEXT.replace("index 73894", "Index 73894"),
        TEXT.replace(HASH_LINES[0], HASH_LINES[0][:-1]),
        TEXT.replace(HASH_LINES[0], HASH_LINES[0] + " "),
        TEXT.replace(HASH_LINES[0], base64.b64encode(bytes(33)).decode()),
        TEXT.replace(HASH_LINES[0], "\n".join(HASH_LINES * 21 + HASH_LINES[:1])),
        TEXT.replace("\n\nexample.com", "\nexample.com"),
        TEXT.replace("\n\nexample.com", "\n\n\nexample.com"),
        TEXT.replace("109482", "0109482"),
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("extra YWdlLXYxLjIuMQ==", "extra " + "A" * MAX_PROOF_BYTES),
        TEXT.encode().replace(b"fancylog", b"fancy\xfflog"),
    ],
)
def test_what_is_not_a_proof_is_refused(text: str | bytes) -> None:
    with pytest.raises(FormatError):
        TlogProof.parse(text)


@pytest.mark.parametrize(
    "values",
    [
        (-1, (), NOTE),
        (True, (), NOTE),
        (2**63, (), NOTE),
        (0, (bytes(31),), NOTE),
        (0, ("a" * 32,), NOTE),
        (0, (bytes(32),) * 64, NOTE),
        (0, (), NOTE, b""),
    ],
)
def test_a_proof_that_cannot_be_written_is_refused(values: Any) -> None:
    with pytest.raises(FormatError):
        TlogProof(*values)
