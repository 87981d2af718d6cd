"""The keys of a log at its source: the published file of its rotations, or the entries themselves.

    {"v":1,"keys":[{"key":VKEY,"from_index":0},{"key":VKEY,"from_index":INDEX,"proof":TEXT}, ...]}

``proof`` is the tlog-proof of the rotation, whose extra data are the statement. Nothing of it is believed: each
rotation is signed by the key before it and by its own, and stands in the log under a checkpoint of the key in force
there.
"""

from __future__ import annotations

import json
from typing import Final

from ledger.audit.source import KEYS, Source, fetch_tiles
from ledger.errors import FormatError, NotFoundError, SignatureError
from ledger.statements import kinds
from ledger.statements.log import LogKeyRotated
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote
from ledger.tree.key_chain import KeyChain, verify_rotation
from ledger.tree.keys import VerifierKey
from ledger.tree.lines import decode_utf8
from ledger.tree.proofs import TlogProof
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.tree.tiles import FULL_WIDTH, decode_entries, entry_bundles_of

MAX_ROTATIONS: Final = 1_000
MAX_KEYS_BYTES: Final = 16 * 2**20
_ROTATED: Final = b'"kind":"log.key_rotated"'
_FIRST: Final = {"key", "from_index"}


def parse_keys(data: bytes) -> KeyChain:
    """The keys in a published file, all its signatures and proofs verified; that the first is right is not known.

    Raises FormatError, SignatureError or ProofError.
    """
    first, *rotations = _members(data)
    if first.keys() != _FIRST or first["from_index"] != 0:
        raise FormatError("The first key of a log has exactly the members key and from_index, which is 0.")
    keys = KeyChain.of([(0, _text(first["key"]))])
    proofs = []
    for members in rotations:
        if members.keys() != {*_FIRST, "proof"}:
            raise FormatError("A rotated key has exactly the members key, from_index and proof.")
        proof = TlogProof.parse(_text(members["proof"]))
        said = kinds.parse(proof.extra or b"")
        if not isinstance(said, LogKeyRotated) or (said.key, proof.index) != (members["key"], members["from_index"]):
            raise FormatError("The proof of a rotated key is of another statement.")
        keys = follow(keys, said, proof.index)
        proofs.append(proof)
    for proof in proofs:
        _check_proof(proof, keys)
    return keys


def find_keys(source: Source, first: VerifierKey, note: UnverifiedNote, size: int) -> KeyChain:
    """The keys of the log at ``source`` up to ``size``, which begin with ``first``: from its file, else from entries.

    A file that does not lead to a key by which ``note`` is signed may be of another day. Raises what the source raises,
    and what :func:`parse_keys` does.
    """
    try:
        data = source.fetch(KEYS, MAX_KEYS_BYTES)
    except NotFoundError:
        return _keys_in_entries(source, first, size)
    keys = parse_keys(data)
    if keys.first != first:
        raise SignatureError(f"Entry 0 names the key '{first.vkey}', the log's keys begin with '{keys.first.vkey}'.")
    keys = keys.up_to(size)
    return keys if names_signer(note, keys.newest) else _keys_in_entries(source, first, size)


def names_signer(note: UnverifiedNote, key: VerifierKey) -> bool:
    """Whether a note says that it is signed by ``key``."""
    return any(line.key_id == key.key_id and line.name == key.name for line in note.signatures)


def next_keys(keys: KeyChain, data: bytes, index: int) -> KeyChain:
    """The keys after entry ``index`` with these bytes; a rotation that the book gives no effect changes nothing.

    But for one whose time goes back, which needs all entries to be seen: with that in it no log passes an audit.
    """
    if _ROTATED not in data:
        return keys
    try:
        said = kinds.parse(data)
        return follow(keys, said, index) if isinstance(said, LogKeyRotated) else keys
    except (FormatError, SignatureError):
        return keys


def follow(keys: KeyChain, said: LogKeyRotated, index: int) -> KeyChain:
    """The keys with that of a rotation; SignatureError or FormatError where it does not follow the newest of them."""
    if said.previous != keys.newest.vkey:
        raise SignatureError(f"The rotation in entry {index} is from '{said.previous}', not from '{keys.newest.vkey}'.")
    key = VerifierKey.parse(said.key)
    verify_rotation(keys.newest, key, bytes.fromhex(said.signature), bytes.fromhex(said.endorsed))
    return keys.followed_by(index, key)


def _keys_in_entries(source: Source, first: VerifierKey, size: int) -> KeyChain:
    keys = KeyChain.single(first)
    for tile, data in fetch_tiles(source, entry_bundles_of(size)):
        if _ROTATED in data:
            for index, entry in enumerate(decode_entries(data), tile.index * FULL_WIDTH):
                keys = next_keys(keys, entry, index)
    return keys


def _check_proof(proof: TlogProof, keys: KeyChain) -> None:
    """The rotation stands in the log, under a checkpoint of the key that was in force at its size."""
    size = Checkpoint.parse(UnverifiedNote.parse(proof.checkpoint).text).size
    verify_log_part(Receipt(keys.key_at(size), proof))


def _members(data: bytes) -> list[dict[str, object]]:
    if len(data) > MAX_KEYS_BYTES:
        raise FormatError(f"The log's keys have more than {MAX_KEYS_BYTES} bytes.")
    try:
        document = json.loads(decode_utf8(data, "log's keys"))
    except (ValueError, RecursionError):
        raise FormatError("The log's keys are not JSON.") from None
    if (
        not isinstance(document, dict)
        or document.keys() != {"v", "keys"}
        or document["v"] != 1
        or document["v"] is True
    ):
        raise FormatError("The log's keys are a JSON object of v, which is 1, and keys.")
    keys = document["keys"]
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_ROTATIONS + 1:
        raise FormatError(f"A log has 1 to {MAX_ROTATIONS + 1} keys.")
    if not all(isinstance(each, dict) and type(each.get("from_index")) is int for each in keys):
        raise FormatError("Each key of a log is a JSON object, and its from_index a whole number.")
    return keys


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError("Keys and proofs of a log are strings.")
    return value
