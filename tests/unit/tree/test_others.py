"""The notes, checkpoints and proofs of other people's logs are read as their own software reads them."""

from __future__ import annotations

import base64

import pytest

from ledger.errors import FormatError, ProofError, SignatureError
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint, open_note
from ledger.tree.keys import VerifierKey
from ledger.tree.proofs import TlogProof
from tests.unit.tree import others

PETER, ENOCH = VerifierKey.parse(others.PETER_KEY), VerifierKey.parse(others.ENOCH_KEY)
REKOR = VerifierKey.parse(others.REKOR_KEY)
NOTE = f"{others.TEXT}\n{others.PETER}{others.ENOCH}"


def test_one_signature_of_two_is_enough_and_both_are_told() -> None:
    """TestOpen of golang.org/x/mod/sumdb/note."""
    assert open_note(NOTE, [PETER]).verified == (PETER,)
    assert open_note(NOTE, [ENOCH, PETER]).verified == (PETER, ENOCH)
    with pytest.raises(SignatureError, match="no signature of a known key"):
        open_note(NOTE, [])


def test_repeated_signatures_count_once_and_each_must_hold() -> None:
    """As in TestOpen, but a second, spoilt signature of a known key is not passed over (signed-note, Signatures)."""
    repeated = f"{others.TEXT}\n{others.PETER * 2}{others.ENOCH * 2}"
    spoilt = others.ENOCH[:60] + "ABCD" + others.ENOCH[60:]
    assert open_note(repeated + spoilt, [PETER]).verified == (PETER,)
    with pytest.raises(SignatureError, match="EnochRoot"):
        open_note(repeated + spoilt, [PETER, ENOCH])


def test_a_known_key_is_told_by_name_and_id_together() -> None:
    """A line that shares only one of the two with a known key is one of an unknown key."""
    name_only = others.PETER.replace("x08go", "x08gp")
    id_only = others.PETER.replace("PeterNeumann", "CarmenSandiego")
    assert open_note(f"{others.TEXT}\n{name_only}{others.PETER}{id_only}", [PETER]).verified == (PETER,)
    for line in (name_only, id_only):
        with pytest.raises(SignatureError, match="no signature of a known key"):
            open_note(f"{others.TEXT}\n{line}", [PETER])


@pytest.mark.parametrize(
    "note",
    [
        others.TEXT,
        others.TEXT + "\n",
        others.TEXT + "\n" + others.PETER[:-1],
        "\x01" + NOTE,
        b"\xff" + NOTE.encode(),
        others.TEXT + "\n" + others.PETER.replace("PeterNeumann", "Bad Name"),
        others.TEXT + "\n" + others.PETER + "Unexpected line.\n",
        others.TEXT + "\n" + others.PETER * 101,
    ],
)
def test_what_sumdb_calls_malformed(note: str | bytes) -> None:
    with pytest.raises(FormatError):
        open_note(note, [PETER])


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, with the right id
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown type, with the right id
        others.WITNESS_KEY,  # a type that signs another message than the note's text
    ],
)
def test_keys_of_other_types_and_lengths(vkey: str) -> None:
    with pytest.raises(FormatError):
        VerifierKey.parse(vkey)


@pytest.mark.parametrize("size", others.SUMDB)
def test_the_go_checksum_database(size: int) -> None:
    key = VerifierKey.parse(others.SUMDB_KEY)
    note = open_note(others.SUMDB[size], [key])
    assert Checkpoint.parse(note.text).size == size
    assert Checkpoint.parse(note.text).text() == note.text
    with pytest.raises(SignatureError, match="not signed by a known key of that log"):
        open_checkpoint(others.SUMDB[size], [key])  # its origin is not the key's name


def test_a_tiled_log_with_a_witness() -> None:
    checkpoint = open_checkpoint(others.REKOR_COSIGNED, [REKOR])
    assert (checkpoint.origin, checkpoint.size) == ("log2025-1.rekor.sigstore.dev", 139911860)
    cosignature = UnverifiedNote.parse(others.REKOR_COSIGNED).signatures[1]
    assert (cosignature.name, len(cosignature.signature)) == ("witness.stagemole.eu", 8 + 64)
    with pytest.raises(FormatError, match="exactly one"):
        open_checkpoint(others.REKOR_COSIGNED, [REKOR], only=True)


def test_an_entry_of_a_tiled_log() -> None:
    proof = TlogProof.parse(others.REKOR_PROOF)
    assert (proof.index, proof.extra, proof.format()) == (others.REKOR_INDEX, None, others.REKOR_PROOF)
    assert [base64.b64encode(value).decode() for value in proof.hashes] == [*others.REKOR_HASHES]
    head = open_checkpoint(proof.checkpoint, [REKOR], only=True)
    leaf = merkle.leaf_hash(others.REKOR_ENTRY)
    merkle.verify_inclusion(leaf, proof.index, head.size, proof.hashes, head.root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(merkle.leaf_hash(b""), proof.index, head.size, proof.hashes, head.root)


def test_every_changed_byte_of_a_proof_fails() -> None:
    """The extra data are the entry, as in our receipts, so that no byte of the file is free."""
    extra = f"@v1\nextra {base64.b64encode(others.REKOR_ENTRY).decode()}\n"
    file = others.REKOR_PROOF.replace("@v1\n", extra).encode()
    verify(file)
    for at in range(len(file)):
        for flip in (0x01, 0x20):
            changed = bytearray(file)
            changed[at] ^= flip
            with pytest.raises((FormatError, SignatureError, ProofError)):
                verify(bytes(changed))


def verify(file: bytes) -> None:
    proof = TlogProof.parse(file)
    head = open_checkpoint(proof.checkpoint, [REKOR], only=True)
    leaf = merkle.leaf_hash(proof.extra or b"")
    merkle.verify_inclusion(leaf, proof.index, head.size, proof.hashes, head.root)
