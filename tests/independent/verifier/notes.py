"""Signed notes and checkpoints: c2sp.org/signed-note and c2sp.org/tlog-checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.independent.verifier.text import UNICODE_SPACES, Broken, check_text, from_base64, from_decimal

EM_DASH = "\u2014 ".encode()
ED25519 = 1


@dataclass(frozen=True)
class Key:
    """An Ed25519 verifier key: its name, its 4-byte id and the 32-byte public key."""

    name: bytes
    id: bytes
    public: bytes


@dataclass(frozen=True)
class TreeHead:
    """A checkpoint whose signature was verified."""

    origin: bytes
    size: int
    root: bytes
    extensions: tuple[bytes, ...]
    signed_by: bytes


def read_key(vkey: str) -> Key:
    """``name+hex(id)+base64(type || public key)``."""
    name, plus, rest = vkey.encode().partition(b"+")
    key_id, plus_again, encoded = rest.partition(b"+")
    data = from_base64(encoded, "the verifier key")
    if not (plus and plus_again) or len(data) != 33 or data[0] != ED25519:
        raise Broken("the verifier key is not an Ed25519 key")
    if hashlib.sha256(name + b"\n" + data).digest()[:4].hex().encode() != key_id:
        raise Broken("the verifier key's id is not that of its name and key")
    return Key(name, bytes.fromhex(key_id.decode()), data[1:])


def split_note(note: bytes) -> tuple[bytes, list[tuple[bytes, bytes, bytes]]]:
    """The text with its last newline, and of each signature the name, the key's id and the signature."""
    check_text(note, "the note")
    at = note.rfind(b"\n\n")
    if at < 0:
        raise Broken("the note has no blank line")
    text, lines = note[: at + 1], note[at + 2 :].split(b"\n")
    if len(lines) < 2 or lines.pop():
        raise Broken("the note does not end with a signature and a newline")
    return text, [_signature(line) for line in lines]


def _signature(line: bytes) -> tuple[bytes, bytes, bytes]:
    if not line.startswith(EM_DASH):
        raise Broken("a signature line does not start with an em dash and a space")
    name, _, value = line[len(EM_DASH) :].partition(b" ")
    data = from_base64(value, "a signature")
    if not name or b"+" in name or UNICODE_SPACES & set(name.decode()):
        raise Broken("the name of a signature's key is empty or has a space or a plus")
    if len(data) < 5:
        raise Broken("a signature is shorter than its key's id and one byte")
    return name, data[:4], data[4:]


def open_note(note: bytes, keys: Sequence[Key]) -> tuple[bytes, bytes]:
    """The text, once a known key signed it and no known key's signature is bad; and that key's name."""
    text, signatures = split_note(note)
    signers = []
    for name, key_id, signature in signatures:
        for key in keys:
            if (key.name, key.id) == (name, key_id):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
                except InvalidSignature:
                    raise Broken(f"the signature of {name.decode()} does not verify") from None
                signers.append(name)
    if not signers:
        raise Broken("no known key has signed the note")
    return text, signers[0]


def open_tree_head(note: bytes, keys: Sequence[Key]) -> TreeHead:
    """A checkpoint: origin, size, root, extension lines."""
    text, signer = open_note(note, keys)
    lines = text[:-1].split(b"\n")
    if len(lines) < 3 or not all(lines):
        raise Broken("a checkpoint has at least three lines, none of them empty")
    root = from_base64(lines[2], "the root")
    if len(root) != 32:
        raise Broken("the root has not 32 bytes")
    return TreeHead(lines[0], from_decimal(lines[1], "the size"), root, tuple(lines[3:]), signer)
