"""Signed notes and checkpoints: other people's bytes, our own round trip, and what must be refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureError
from ledger.tree.checkpoints import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Checkpoint,
    UnverifiedNote,
    open_checkpoint,
    open_note,
    sign,
)
from ledger.tree.keys import LogSigner, VerifierKey

# The example of golang.org/x/mod/sumdb/note.
PETER = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = f"{PETER_TEXT}\n{PETER_LINE}"
# The examples of c2sp.org/tlog-checkpoint and c2sp.org/signed-note, whose keys are not published with them.
SPEC_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
    "+xeMcTOAYQ8=\n"
)
SPEC_NOTE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3Z"
    "ekRwNtIc=\n"
)
ORIGIN = "log.example/main"
SIGNER = LogSigner.generate(ORIGIN)
OTHER = LogSigner.generate(ORIGIN)
WITNESS = LogSigner.generate("witness.example")
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = sign(CHECKPOINT, SIGNER)


def signature_line(signer: LogSigner, text: str) -> str:
    value = base64.b64encode(signer.verifier_key.key_id + signer.sign_bytes(text.encode())).decode()
    return f"— {signer.name} {value}\n"


def test_the_note_of_sumdb_verifies() -> None:
    for form in (PETER_NOTE, PETER_NOTE.encode()):
        note = open_note(form, [PETER])
        assert (note.text, note.verified) == (PETER_TEXT, (PETER,))
    with pytest.raises(SignatureError):
        open_note(PETER_NOTE.replace("answer", "Answer"), [PETER])


def test_the_examples_of_the_specifications_are_well_formed() -> None:
    parsed = UnverifiedNote.parse(SPEC_CHECKPOINT)
    checkpoint = Checkpoint.parse(parsed.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == parsed.text
    assert parsed.signatures[0].key_id.hex() == "033de0ae"
    poem = UnverifiedNote.parse(SPEC_NOTE)
    assert poem.text.count("\n\n") == 1
    assert poem.signatures[0].name == "quasimodo.example/salvatore"


def test_signed_checkpoints_open() -> None:
    assert open_checkpoint(NOTE, [SIGNER.verifier_key]) == CHECKPOINT
    assert open_checkpoint(NOTE.encode(), [WITNESS.verifier_key, SIGNER.verifier_key], only=True) == CHECKPOINT
    extended = Checkpoint(ORIGIN, 0, bytes(32), ("more", "— even this"))
    assert open_checkpoint(sign(extended, SIGNER), [SIGNER.verifier_key]) == extended


def test_a_signer_signs_only_its_own_log() -> None:
    with pytest.raises(FormatError, match="cannot sign"):
        sign(CHECKPOINT, WITNESS)


def test_unknown_signatures_are_ignored_and_known_ones_must_hold() -> None:
    text = CHECKPOINT.text()
    cosigned = NOTE + signature_line(WITNESS, text) + signature_line(OTHER, text)
    keys = [SIGNER.verifier_key]
    assert open_checkpoint(cosigned, keys) == CHECKPOINT
    assert open_note(cosigned, [WITNESS.verifier_key, *keys]).verified == (SIGNER.verifier_key, WITNESS.verifier_key)
    assert open_note(NOTE + NOTE.split("\n\n")[1], keys).verified == (SIGNER.verifier_key,)
    spoilt = NOTE + signature_line(WITNESS, text + "x")
    assert open_checkpoint(spoilt, keys) == CHECKPOINT
    with pytest.raises(SignatureError, match=r"witness\.example"):
        open_note(spoilt, [WITNESS.verifier_key, *keys])
    with pytest.raises(SignatureError, match="no signature of a known key"):
        open_note(NOTE, [OTHER.verifier_key])
    with pytest.raises(SignatureError):
        open_note(NOTE, [])
    with pytest.raises(FormatError, match="exactly one"):
        open_checkpoint(cosigned, keys, only=True)


def test_what_is_too_long_to_be_read_is_not_signed() -> None:
    fitting = Checkpoint(ORIGIN, 1, bytes(32), ("x" * (MAX_NOTE_BYTES - 300),))
    assert open_checkpoint(sign(fitting, SIGNER), [SIGNER.verifier_key]) == fitting
    with pytest.raises(FormatError, match="longer than"):
        sign(Checkpoint(ORIGIN, 1, bytes(32), ("x" * MAX_NOTE_BYTES,)), SIGNER)


def test_a_checkpoint_needs_its_own_logs_signature() -> None:
    text = CHECKPOINT.text()
    with pytest.raises(SignatureError, match="not signed by a known key of that log"):
        open_checkpoint(f"{text}\n{signature_line(WITNESS, text)}", [WITNESS.verifier_key])


def test_colliding_known_keys_are_refused() -> None:
    twin = VerifierKey(PETER.name, bytes(32))
    object.__setattr__(twin, "key_id", PETER.key_id)
    with pytest.raises(SignatureError, match="share"):
        open_note(PETER_NOTE, [PETER, twin])


def test_as_many_signatures_as_the_specification_asks_for_and_no_more() -> None:
    lines = [signature_line(LogSigner.generate(f"w{number}"), CHECKPOINT.text()) for number in range(MAX_SIGNATURES)]
    assert open_checkpoint(NOTE + "".join(lines[:-1]), [SIGNER.verifier_key]) == CHECKPOINT
    with pytest.raises(FormatError, match="at most 16"):
        open_checkpoint(NOTE + "".join(lines), [SIGNER.verifier_key])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        PETER_TEXT,
        PETER_LINE,
        PETER_TEXT + PETER_LINE,
        PETER_TEXT + "\n",
        PETER_NOTE[:-1],
        PETER_NOTE + "\n",
        PETER_NOTE.replace("\n", "\r\n"),
        PETER_NOTE.replace("— ", "- "),
        PETER_NOTE.replace("— ", "—"),
        PETER_NOTE.replace("— ", "—\u00a0"),
        PETER_NOTE.replace("— ", "—  "),
        PETER_NOTE.replace(" x08", "  x08"),
        PETER_NOTE.replace(" x08", "\u2003x x08"),
        PETER_NOTE.replace("PeterNeumann x", "Peter+Neumann x"),
        PETER_NOTE.replace("PeterNeumann x", " x"),
        PETER_NOTE.replace("nAM=", "nAM"),
        PETER_NOTE.replace("nAM=", "nAN="),
        PETER_NOTE.replace("nAM=", "nAM=="),
        PETER_NOTE.replace("nAM=", "n AM="),
        PETER_NOTE.replace("/SffcvIAQ", "_SffcvIAQ"),
        PETER_NOTE.replace(PETER_LINE, "— PeterNeumann x08gow==\n"),
        PETER_NOTE.replace(PETER_LINE, "— PeterNeumann \n"),
        PETER_NOTE + "not a signature\n",
        PETER_NOTE.replace("If", "I\tf"),
        PETER_NOTE.replace("If", "I\x00f"),
        PETER_NOTE.replace("If", "I\x1ff"),
        PETER_NOTE.replace("If", "I\ud800f"),
        PETER_NOTE.encode().replace(b"If", b"I\xfff"),
        PETER_NOTE.encode().replace(b"If", b"I\xc0\x80f"),
        "a" * MAX_NOTE_BYTES + PETER_NOTE,
        b"a" * MAX_NOTE_BYTES + PETER_NOTE.encode(),
    ],
)
def test_what_is_not_a_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(FormatError):
        open_note(note, [PETER])


ROOT = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{ROOT}",
        f"\n7\n{ROOT}\n",
        f"{ORIGIN}\n\n7\n{ROOT}\n",
        f"{ORIGIN}\n07\n{ROOT}\n",
        f"{ORIGIN}\n+7\n{ROOT}\n",
        f"{ORIGIN}\n-7\n{ROOT}\n",
        f"{ORIGIN}\n 7\n{ROOT}\n",
        f"{ORIGIN}\n7_0\n{ROOT}\n",
        f"{ORIGIN}\n٧\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n",
        f"{ORIGIN}\n{10**30}\n{ROOT}\n",
        f"{ORIGIN}\n7\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n7\n{ROOT[:-2]}9=\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(33)).decode()}\n",
        f"{ORIGIN}\n7\n{ROOT}\n\n",
        f"{ORIGIN}\n7\n{ROOT}\n\nmore\n",
        f"{ORIGIN}\n7\n{ROOT}\nmo\tre\n",
        f"{ORIGIN}\r\n7\n{ROOT}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "values",
    [
        ("", 1, bytes(32)),
        ("a\nb", 1, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", True, bytes(32)),
        ("a", 2**63, bytes(32)),
        ("a", 1, bytes(31)),
        ("a", 1, bytearray(32)),
        ("a", 1, bytes(32), ("",)),
        ("a", 1, bytes(32), ("x\ny",)),
        ("a\ud800", 1, bytes(32)),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_refused(values: Any) -> None:
    with pytest.raises(FormatError):
        Checkpoint(*values)


LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(LINES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES, max_size=3))
def test_text_round_trip(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@settings(max_examples=300)
@given(st.data())
def test_no_other_text_is_accepted(data: st.DataObject) -> None:
    """Whatever is read after an edit is written again word for word."""
    text = CHECKPOINT.text()
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from(["", "\n", "0", "7", " ", "\t", "=", "A", "\u2028", "\r", "\u0663", "\n\n"]))
    edited = text[:at] + piece + text[at + data.draw(st.integers(0, 2)) :]
    try:
        checkpoint = Checkpoint.parse(edited)
    except FormatError:
        return
    assert checkpoint.text() == edited


def test_every_changed_byte_of_a_signed_checkpoint_fails() -> None:
    data = NOTE.encode()
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises((FormatError, SignatureError)):
                open_checkpoint(bytes(changed), [SIGNER.verifier_key], only=True)
