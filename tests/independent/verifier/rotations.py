"""The keys of a log that was told by one of them: ``keys.json`` as CrowdLedger's docs/formats describe it."""

from __future__ import annotations

import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.independent.verifier.notes import read_key
from tests.independent.verifier.proofs import read_proof
from tests.independent.verifier.text import Broken
from tests.independent.verifier.trees import check_inclusion, leaf


def check_rotation(statement: bytes, origin: str) -> tuple[str, str]:
    """The previous and the new key of a ``log.key_rotated``, which both of them signed."""
    members = json.loads(statement)
    if not isinstance(members, dict) or members.get("kind") != "log.key_rotated":
        raise Broken("it is not a rotation of the log's key")
    previous, key = members["previous"], members["key"]
    text = f"crowdledger log key rotation v1\n{origin}\n{previous}\n{key}\n".encode()
    for vkey, signature in ((key, members["signature"]), (previous, members["endorsed"])):
        try:
            Ed25519PublicKey.from_public_bytes(read_key(vkey).public).verify(bytes.fromhex(signature), text)
        except InvalidSignature:
            raise Broken(f"{vkey} has not signed the rotation") from None
    return previous, key


def keys_of(data: bytes, trusted: str) -> list[str]:
    """All keys of the log of which ``trusted`` is one, in their order."""
    origin = trusted.partition("+")[0]
    told = json.loads(data)["keys"]
    vkeys = [str(each["key"]) for each in told]
    starts = [int(each["from_index"]) for each in told]
    if trusted not in vkeys or "proof" in told[0] or starts[0] != 0 or sorted(set(starts)) != starts:
        raise Broken("these are not the keys of the log in their order")
    for number, each in enumerate(told[1:], 1):
        # The size in the checkpoint says whose signature it must bear.
        proof = read_proof(each["proof"].encode(), [read_key(vkey) for vkey in vkeys])
        in_force = [vkey for vkey, start in zip(vkeys, starts, strict=True) if start < proof.head.size][-1]
        read_proof(each["proof"].encode(), [read_key(in_force)])
        check_inclusion(leaf(proof.extra or b""), starts[number], proof.head.size, proof.path, proof.head.root)
        if (
            check_rotation(proof.extra or b"", origin) != (vkeys[number - 1], vkeys[number])
            or proof.index != starts[number]
        ):
            raise Broken(f"the proof of key {number} is of another rotation")
    return vkeys
