"""Verifier keys are read in one spelling only; the signer keeps its key to itself."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureError
from ledger.tree.keys import LogSigner, VerifierKey, is_key_name

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
# The private half of the same example, golang.org/x/mod/sumdb/note: algorithm 1 and the seed.
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]


def vkey_of(name: str, encoded: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + encoded).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(encoded).decode()}"


def test_the_key_of_sumdb() -> None:
    key = VerifierKey.parse(VKEY)
    assert (key.name, key.key_id.hex(), key.vkey) == ("PeterNeumann", "c74f20a3", VKEY)
    assert LogSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(SEED)).verifier_key == key


def test_every_part_and_every_changed_byte_of_a_key_is_refused() -> None:
    for begin in range(len(VKEY)):
        for end in range(begin + 1, len(VKEY) + 1):
            if end - begin < len(VKEY):
                with pytest.raises(FormatError):
                    VerifierKey.parse(VKEY[begin:end])
    for at in range(len(VKEY)):
        for bit in range(7):
            changed = VKEY[:at] + chr(ord(VKEY[at]) ^ 1 << bit) + VKEY[at + 1 :]
            with pytest.raises(FormatError):
                VerifierKey.parse(changed)


@pytest.mark.parametrize(
    "vkey",
    [
        vkey_of("log.example", b"\x01" + bytes(31)),
        vkey_of("log.example", b"\x01" + bytes(33)),
        vkey_of("log.example", b"\x02" + bytes(32)),
        vkey_of("log.example", b""),
        vkey_of("log example", b"\x01" + bytes(32)),
        vkey_of("log\u2003example", b"\x01" + bytes(32)),
        vkey_of("log\nexample", b"\x01" + bytes(32)),
        vkey_of("log\x01example", b"\x01" + bytes(32)),
        vkey_of("", b"\x01" + bytes(32)),
        vkey_of("n" * 256, b"\x01" + bytes(32)),
        VKEY.replace("c74f20a3", "C74F20A3"),
        VKEY + "\n",
        VKEY + "=",
        "log\ud800+00000000+" + VKEY.split("+")[2],
    ],
)
def test_malformed_keys_are_refused(vkey: str) -> None:
    with pytest.raises(FormatError):
        VerifierKey.parse(vkey)


# The code points with the property White_Space (Unicode, PropList.txt); Go's unicode.IsSpace has the same.
SPACES = [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]


def test_no_name_has_a_space_of_any_kind_or_a_plus() -> None:
    assert [code for code in range(0x20, 0x3100) if not is_key_name(f"a{chr(code)}b")] == [
        *(code for code in SPACES if code == 0x20),
        ord("+"),
        *(code for code in SPACES if code > 0x20),
    ]
    assert not is_key_name("")
    for code in SPACES:
        with pytest.raises(FormatError):
            VerifierKey(f"log{chr(code)}example", bytes(32))


@pytest.mark.parametrize("kind", [0x00, 0x02, 0x03, 0x04, 0x05, 0x06, 0xFA, 0xFF])
def test_keys_of_other_types_are_refused(kind: int) -> None:
    with pytest.raises(FormatError, match="not an Ed25519 key"):
        VerifierKey.parse(vkey_of("log.example", bytes([kind]) + bytes(32)))


@given(
    name=st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1, max_size=40),
    public_key=st.binary(min_size=32, max_size=32),
)
def test_vkey_round_trip(name: str, public_key: bytes) -> None:
    key = VerifierKey(name, public_key)
    assert VerifierKey.parse(key.vkey) == key


def test_signatures() -> None:
    signer = LogSigner.generate("log.example")
    signature = signer.sign_bytes(b"text")
    signer.verifier_key.verify(signature, b"text")
    for wrong, message in [(signature, b"texts"), (signature[:-1], b"text"), (b"", b"text"), (bytes(64), b"text")]:
        with pytest.raises(SignatureError, match=r"log\.example"):
            signer.verifier_key.verify(wrong, message)


def test_pem_round_trip_and_refusals() -> None:
    signer = LogSigner.generate("log.example")
    pem = signer.to_pem()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert LogSigner.from_pem("log.example", pem).verifier_key == signer.verifier_key
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = Ed25519PrivateKey.generate().private_bytes(encoding, form, serialization.BestAvailableEncryption(b"word"))
    other = generate_private_key(SECP256R1()).private_bytes(encoding, form, serialization.NoEncryption())
    for wrong in (b"", b"text", pem[:-40], locked, other):
        with pytest.raises(FormatError, match=r"log\.example"):
            LogSigner.from_pem("log.example", wrong)


def test_the_signer_shows_no_key() -> None:
    signer = LogSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(SEED))
    for shown in (repr(signer), str(signer), f"{[signer]}"):
        assert "c74f20a3" in shown
        assert base64.b64encode(SEED).decode()[:12] not in shown
        assert SEED.hex() not in shown
        assert repr(SEED) not in shown
