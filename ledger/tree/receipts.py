"""The receipt: canonical JSON that proves offline that a statement is in the log, and where the log is anchored.

    {"anchor":{...},"key":VKEY,"proof":TEXT,"v":1}

``proof`` is a C2SP tlog-proof whose extra data are the statement's bytes and whose checkpoint carries one signature,
the log's; ``anchor`` is absent until the log was anchored. :func:`verify_log_part` and :func:`verify_anchor_offline`
need no network; that the anchor stands on the chain is checked where there is a chain. The check that fails is named in
the message and in the error's member ``check``: ``key``, ``signature``, ``inclusion``, ``anchor``; bytes that are no
receipt are a FormatError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormatError, ProofError, SignatureError
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey
from ledger.tree.lines import decode_utf8
from ledger.tree.proofs import TlogProof

__all__ = ["Anchor", "Receipt", "TlogProof", "VerifiedReceipt", "verify_anchor_offline", "verify_log_part"]

MAX_RECEIPT_BYTES = 128 * 1024
VERSION = 1
_MAX_INTEGER = 2**53 - 1
_MAX_CONSISTENCY = 64
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BYTES32 = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_FOREIGN = "Get the log's key from a source you trust; the receipt is of another log or was altered."


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the contract took the log's head: ``size`` leaves under ``root``, in ``transaction`` of ``block``.

    Values of the chain are ``0x`` and lower case: ``contract`` an address, ``log_id`` and ``transaction`` 32 bytes.
    ``consistency`` leads from the receipt's checkpoint to the anchored head. FormatError on anything else.
    """

    chain_id: int
    contract: str
    log_id: str
    size: int
    root: bytes
    transaction: str
    block: int
    consistency: tuple[bytes, ...]

    def __post_init__(self) -> None:
        for name, least in (("chain_id", 1), ("size", 1), ("block", 0)):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= _MAX_INTEGER:
                raise FormatError(f"The anchor's {name} must be a whole number from {least} to 2**53 - 1.")
        for name, pattern in (("contract", _ADDRESS), ("log_id", _BYTES32), ("transaction", _BYTES32)):
            value = getattr(self, name)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise FormatError(f"The anchor's {name} must be 0x and lower-case hex digits of the right number.")
        if len(self.consistency) > _MAX_CONSISTENCY:
            raise FormatError(f"The anchor's consistency proof has more than {_MAX_CONSISTENCY} hashes.")
        if any(type(value) is not bytes or len(value) != merkle.HASH_SIZE for value in (self.root, *self.consistency)):
            raise FormatError(f"The anchor's root and consistency proof are hashes of {merkle.HASH_SIZE} bytes.")

    def members(self) -> dict[str, object]:
        """Return the JSON members."""
        return {
            "block": self.block,
            "chain_id": self.chain_id,
            "consistency": [value.hex() for value in self.consistency],
            "contract": self.contract,
            "log_id": self.log_id,
            "root": self.root.hex(),
            "size": self.size,
            "transaction": self.transaction,
        }

    @classmethod
    def from_members(cls, members: object) -> Anchor:
        """Read the JSON members; FormatError unless they are exactly those that :meth:`members` gives."""
        if not isinstance(members, dict) or members.keys() != set(cls.__dataclass_fields__):
            raise FormatError(f"The receipt's anchor has exactly the members {', '.join(cls.__dataclass_fields__)}.")
        consistency = members["consistency"]
        if not isinstance(consistency, list) or len(consistency) > _MAX_CONSISTENCY:
            raise FormatError(f"The anchor's consistency proof is a list of at most {_MAX_CONSISTENCY} digests.")
        hashes = tuple(_digest(value, "consistency") for value in consistency)
        return cls(**{**members, "root": _digest(members["root"], "root"), "consistency": hashes})


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt, well formed but not verified: the log's key, the tlog-proof and, once anchored, the anchor."""

    key: VerifierKey
    proof: TlogProof
    anchor: Anchor | None = None

    def __post_init__(self) -> None:
        if self.proof.extra is None:
            raise FormatError("The receipt's proof lacks its extra line, which holds the statement.")

    @classmethod
    def issue(cls, key: VerifierKey, statement: bytes, index: int, hashes: Sequence[bytes], checkpoint: str) -> Receipt:
        """Make the receipt of entry ``index`` from its inclusion proof and the signed note it leads to."""
        return cls(key, TlogProof(index, tuple(hashes), checkpoint, statement))

    @property
    def statement(self) -> bytes:
        """The entry's bytes."""
        return self.proof.extra or b""

    @property
    def checkpoint(self) -> Checkpoint:
        """The tree head that the proof leads to, not verified."""
        return Checkpoint.parse(UnverifiedNote.parse(self.proof.checkpoint).text)

    def encode(self) -> bytes:
        """Return the canonical bytes (RFC 8785)."""
        members: dict[str, object] = {"key": self.key.vkey, "proof": self.proof.format(), "v": VERSION}
        if self.anchor is not None:
            members["anchor"] = self.anchor.members()
        # With ASCII names and small integers only, sorted compact JSON is what RFC 8785 asks for.
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Read a receipt; FormatError unless :meth:`encode` writes exactly these bytes again."""
        if len(data) > MAX_RECEIPT_BYTES:
            raise FormatError(f"A receipt has at most {MAX_RECEIPT_BYTES} bytes.")
        try:
            members = json.loads(decode_utf8(data, "receipt"))
        except (ValueError, RecursionError):
            raise FormatError("The receipt is not JSON.") from None
        if not isinstance(members, dict) or members.keys() | {"anchor"} != {"anchor", "key", "proof", "v"}:
            raise FormatError("A receipt is a JSON object of v, key, proof and, once anchored, anchor.")
        if type(members["v"]) is not int or members["v"] != VERSION:
            raise FormatError(f"The receipt's version is not {VERSION}.")
        if not isinstance(members["key"], str) or not isinstance(members["proof"], str):
            raise FormatError("The receipt's key and proof are strings.")
        anchor = Anchor.from_members(members["anchor"]) if "anchor" in members else None
        receipt = cls(VerifierKey.parse(members["key"]), TlogProof.parse(members["proof"]), anchor)
        if receipt.encode() != data:
            raise FormatError("The receipt's bytes are not canonical JSON (RFC 8785).")
        return receipt


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What the log part of a receipt proves; where ``trusted`` is false, the key is only the receipt's own word."""

    statement: bytes
    index: int
    checkpoint: Checkpoint
    key: VerifierKey
    trusted: bool


def verify_log_part(
    receipt: Receipt, trusted_key: VerifierKey | None = None, keys: KeyChain | None = None
) -> VerifiedReceipt:
    """Check key, signature and inclusion, in that order, without a network.

    Without ``trusted_key`` the receipt's own key is used, and the caller must say so. ``keys`` are those of a log whose
    key was rotated: the receipt's must then be the one in force at its checkpoint's size, and the trusted one any of
    them. Raises SignatureError (checks ``key`` and ``signature``), ProofError (``inclusion``), or FormatError where the
    checkpoint is not one log's.
    """
    _check_key(receipt, trusted_key, keys)
    try:
        checkpoint = open_checkpoint(receipt.proof.checkpoint, [receipt.key], only=True)
    except SignatureError as error:
        raise SignatureError(
            f"The check of the checkpoint's signature failed: {error.detail}",
            remedy=ProofError.default_remedy,
            check="signature",
        ) from None
    index = receipt.proof.index
    try:
        leaf = merkle.leaf_hash(receipt.statement)
        merkle.verify_inclusion(leaf, index, checkpoint.size, receipt.proof.hashes, checkpoint.root)
    except ProofError as error:
        raise ProofError(f"The check of the statement's inclusion failed: {error.detail}", check="inclusion") from None
    return VerifiedReceipt(receipt.statement, index, checkpoint, receipt.key, trusted_key is not None)


def _check_key(receipt: Receipt, trusted_key: VerifierKey | None, keys: KeyChain | None) -> None:
    if keys is not None:
        if trusted_key is not None:
            keys.require(trusted_key)
        size = receipt.checkpoint.size
        if receipt.key != keys.key_at(size):
            raise SignatureError(
                f"The check of the key failed: at size {size} the log's key was '{keys.key_at(size).vkey}', the "
                f"receipt names '{receipt.key.vkey}'.",
                remedy=_FOREIGN,
                check="key",
            )
    elif trusted_key is not None and receipt.key != trusted_key:
        rotated = "If the log's key was rotated, give the log's keys too (--keys). "
        raise SignatureError(
            f"The check of the key failed: the receipt names '{receipt.key.vkey}', trusted is '{trusted_key.vkey}'.",
            remedy=(rotated if receipt.key.name == trusted_key.name else "") + _FOREIGN,
            check="key",
        )


def verify_anchor_offline(receipt: Receipt) -> Anchor:
    """Check that the anchored head continues the receipt's checkpoint, and return the anchor.

    That the contract holds this head is for whoever can ask the chain. Call :func:`verify_log_part` first. ProofError
    (check ``anchor``) where the receipt is not anchored or the consistency proof fails.
    """
    if receipt.anchor is None:
        raise ProofError(
            "The check of the anchor failed: the receipt is not anchored yet.",
            remedy="Fetch the receipt again after the log's next anchor.",
            check="anchor",
        )
    anchor, checkpoint = receipt.anchor, receipt.checkpoint
    try:
        merkle.verify_consistency(checkpoint.size, anchor.size, checkpoint.root, anchor.root, anchor.consistency)
    except ProofError as error:
        raise ProofError(f"The check of the anchor's consistency failed: {error.detail}", check="anchor") from None
    return anchor


def _digest(value: object, what: str) -> bytes:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise FormatError(f"The anchor's {what} must be made of 64 lower-case hex digits.")
    return bytes.fromhex(value)
