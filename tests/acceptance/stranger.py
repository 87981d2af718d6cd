"""A stranger's verifier, written from the specifications alone: it shares no code with the project.

C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof; RFC 9162 section 2.1.3.2; RFC 8785 through rfc8785.
"""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return bytes(reply.read())


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def open_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    """Size and root of a signed checkpoint."""
    text, signatures = note.split("\n\n")
    text += "\n"
    name, key_id, key = vkey.split("+", 2)
    public = base64.b64decode(key)
    assert sha256(name.encode(), b"\n", public)[:4].hex() == key_id
    assert public[0] == 1
    (line,) = [each for each in signatures.splitlines() if each.startswith(f"— {name} ")]
    signature = base64.b64decode(line.rsplit(" ", 1)[1])
    assert signature[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
    origin, size, root = text.splitlines()[:3]
    assert origin == name
    return int(size), base64.b64decode(root)


def tree_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, by its own recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", tree_root(leaves[:split]), tree_root(leaves[split:]))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2."""
    assert index < size
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = sha256(b"\1", p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    assert r == root


def read_log(url: str, log: str, vkey: str) -> list[bytes]:
    """All entries of a log of fewer than 256, held against its tile and its signed checkpoint."""
    size, root = open_checkpoint(get(f"{url}/logs/{log}/checkpoint").decode(), vkey)
    assert 0 < size < 256
    bundle = get(f"{url}/logs/{log}/tile/entries/000.p/{size}")
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    leaves = [sha256(b"\0", entry) for entry in entries]
    assert b"".join(leaves) == get(f"{url}/logs/{log}/tile/0/000.p/{size}")
    assert len(entries) == size
    assert tree_root(leaves) == root
    return entries


def verify_receipt(data: bytes) -> tuple[int, dict[str, object]]:
    """Index and statement of a receipt, under its own key."""
    receipt = json.loads(data)
    assert rfc8785.dumps(receipt) == data
    assert receipt["v"] == 1
    head, checkpoint = receipt["proof"].split("\n\n", 1)
    magic, extra, index, *hashes = head.splitlines()
    assert magic == "c2sp.org/tlog-proof@v1"
    statement = base64.b64decode(extra.removeprefix("extra "))
    size, root = open_checkpoint(checkpoint, receipt["key"])
    number = int(index.removeprefix("index "))
    verify_inclusion(sha256(b"\0", statement), number, size, [base64.b64decode(each) for each in hashes], root)
    assert rfc8785.dumps(json.loads(statement)) == statement
    return number, json.loads(statement)


def verify_opening(data: bytes, commitment: str) -> object:
    """The content that an opening shows under a commitment."""
    opening = json.loads(data)
    preimage = opening["preimage"].encode()
    assert sha256(b"\x43", bytes.fromhex(opening["salt"]), preimage).hex() == commitment
    assert rfc8785.dumps(json.loads(preimage)) == preimage
    return json.loads(preimage)["content"]
