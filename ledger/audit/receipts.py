"""Checking a receipt step by step, in words that its holder understands.

The log part needs no network. With a node, the anchor is checked on the chain; the log's key is then the one that the
contract announced, unless a trusted key was given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Literal

from ledger.errors import (
    CrowdLedgerError,
    FormatError,
    ProofError,
    SignatureError,
    WrongChainError,
    WrongContractError,
)
from ledger.statements import kinds
from ledger.statements.campaigns import TaskAdded
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import Receipt, verify_anchor_offline, verify_log_part

if TYPE_CHECKING:
    from ledger.chain.rpc import Node

MAX_OPENING_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
State = Literal["recorded", "anchored", "permanent"]


@dataclass(frozen=True, slots=True)
class Step:
    """One check of a receipt: ``skipped`` was not asked for or cannot be made, ``unproven`` is somebody's word."""

    name: str
    verdict: Literal["ok", "failed", "skipped", "unproven"]
    words: str

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        return {"name": self.name, "verdict": self.verdict, "words": self.words}


@dataclass(slots=True)
class ReceiptCheck:
    """What is known of a receipt after its checks. ``state`` is None while the log part is not proved."""

    steps: list[Step] = field(default_factory=list)
    statement: AnyStatement | None = None
    index: int | None = None
    origin: str | None = None
    key: str | None = None
    state: State | None = None
    content: JsonValue = None
    """What the opening shows, where one was given and matches."""

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """``pass`` if no step failed."""
        return "fail" if any(step.verdict == "failed" for step in self.steps) else "pass"

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; what is not known is absent."""
        members: dict[str, JsonValue] = {
            "v": 1,
            "verdict": self.verdict,
            "checks": [step.members() for step in self.steps],
        }
        optional: dict[str, JsonValue] = {
            "kind": None if self.statement is None else str(self.statement.__struct_config__.tag),
            "at": None if self.statement is None else self.statement.at,
            "index": self.index,
            "origin": self.origin,
            "key": self.key,
            "state": self.state,
        }
        return members | {name: value for name, value in optional.items() if value is not None}


class _Failed(Exception):
    """A step failed; those after it are not made."""


def check_receipt(
    data: bytes,
    *,
    opening: bytes | None = None,
    file: BinaryIO | None = None,
    trusted_key: VerifierKey | None = None,
    keys: KeyChain | None = None,
    node: Node | None = None,
) -> ReceiptCheck:
    """Check a receipt file, and what belongs to it, up to the first check that fails.

    ``file``, of any size, is held against the opening's content, which must name a file. ``keys`` are those of a log
    whose key was rotated.
    Raises NodeError where the node does not answer: then nothing is said about the anchor.
    """
    result = ReceiptCheck()
    try:
        receipt = _read(result, data)
        _check_log_part(result, receipt, trusted_key, keys, node)
        if opening is not None:
            _check_opening(result, opening)
        if file is not None:
            _check_file(result, file)
        _check_anchor(result, receipt, keys or KeyChain.single(receipt.key), node)
    except _Failed:
        pass
    return result


def _fail(result: ReceiptCheck, name: str, error: CrowdLedgerError) -> _Failed:
    result.steps.append(Step(name, "failed", error.detail))
    return _Failed()


def _read(result: ReceiptCheck, data: bytes) -> Receipt:
    try:
        receipt = Receipt.parse(data)
    except FormatError as error:
        raise _fail(result, "format", error) from None
    result.steps.append(Step("format", "ok", "The file is a receipt, in exactly the bytes that it must have."))
    return receipt


def _check_log_part(
    result: ReceiptCheck,
    receipt: Receipt,
    trusted_key: VerifierKey | None,
    keys: KeyChain | None,
    node: Node | None,
) -> None:
    try:
        verified = verify_log_part(receipt, trusted_key, keys)
    except (SignatureError, ProofError, FormatError) as error:
        raise _fail(result, str(error.members.get("check", "signature")), error) from None
    result.index, result.origin, result.key = verified.index, verified.checkpoint.origin, verified.key.vkey
    if verified.trusted:
        whose = "the one that you trust" if verified.key == trusted_key else "joined by rotations to the one you trust"
        result.steps.append(Step("key", "ok", f"The log's key is {whose}."))
    else:
        more = (
            "the chain is asked below." if node is not None and receipt.anchor else "give --key, or --rpc, to be sure."
        )
        result.steps.append(Step("key", "unproven", f"The key is the receipt's own word; {more}"))
    size = verified.checkpoint.size
    result.steps.append(
        Step("signature", "ok", f"The key signed the head of the log '{result.origin}' at size {size}.")
    )
    result.steps.append(Step("inclusion", "ok", f"The statement is entry {verified.index} of that log."))
    try:
        result.statement = kinds.parse(verified.statement)
    except FormatError as error:
        raise _fail(result, "statement", error) from None
    kind = result.statement.__struct_config__.tag
    result.steps.append(Step("statement", "ok", f"It says '{kind}', at {result.statement.at}."))
    result.state = "recorded"


def _warn_of_retired(result: ReceiptCheck, receipt: Receipt, keys: KeyChain) -> None:
    """A key that was retired, stolen perhaps, can still sign heads of before; what is anchored it cannot change."""
    later = next((entry for entry, _ in keys.keys if entry >= receipt.checkpoint.size), None)
    if later is not None:
        words = f"Entry {later} retired this key. If it was stolen, only a checked anchor (--rpc) tells what is forged."
        result.steps.append(Step("retired-key", "unproven", words))


def _check_opening(result: ReceiptCheck, data: bytes) -> None:
    assert result.statement is not None
    commitments = _commitments(result.statement)
    try:
        opening = Opening.parse(data)
        found = next((name for name, value in commitments.items() if value == opening.commitment), None)
        if found is None:
            raise ProofError("The opening does not match a commitment in the statement.")
        result.content = verify_opening(opening, commitments[found])
    except (FormatError, ProofError) as error:
        raise _fail(result, "opening", error) from None
    result.steps.append(Step("opening", "ok", f"The opening shows the content behind the statement's {found}."))


def _check_file(result: ReceiptCheck, file: BinaryIO) -> None:
    """The opening's content is ``{"sha256","bytes","type"}`` of a file (FORMATS, Commitment): is it this one?"""
    named = result.content
    if not isinstance(named, dict) or named.keys() != {"sha256", "bytes", "type"}:
        raise _fail(result, "file", ProofError("The opening shows no file: its content is the work itself."))
    digest = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    found = digest.hexdigest()
    if found != named["sha256"]:
        words = f"This file has the digest {found}; the opening names {named['sha256']}."
        raise _fail(result, "file", ProofError(words))
    if isinstance(named["bytes"], bool) or named["bytes"] != size:
        words = f"This file has {size} bytes; the opening names {named['bytes']}."
        raise _fail(result, "file", ProofError(words))
    result.steps.append(Step("file", "ok", f"The file is the one that the opening names, of {size} bytes."))


def _commitments(statement: AnyStatement) -> dict[str, str]:
    """The commitments of a statement by what they are about."""
    match statement:
        case ContributionSubmitted() | TaskAdded():
            return {"commitment": statement.commitment}
        case DecisionMade():
            both = {"feedback": statement.feedback, "inputs": statement.method.inputs}
            return {name: value for name, value in both.items() if value is not None}
        case _:
            return {}


def _check_anchor(result: ReceiptCheck, receipt: Receipt, keys: KeyChain, node: Node | None) -> None:
    if receipt.anchor is None or node is None:
        _warn_of_retired(result, receipt, keys)
    if receipt.anchor is None:
        words = "The receipt is not anchored yet; fetch it again after the log's next anchor."
        result.steps.append(Step("anchor", "skipped", words))
        return
    try:
        anchor = verify_anchor_offline(receipt)
    except ProofError as error:
        raise _fail(result, "anchor", error) from None
    result.steps.append(Step("anchor", "ok", f"The anchored head of {anchor.size} entries continues the receipt's."))
    if node is None:
        words = f"Whether chain {anchor.chain_id} holds this head is not checked; give --rpc URL."
        result.steps.append(Step("chain", "skipped", words))
        return
    from ledger.chain.anchor_proof import verify_anchor  # the log part starts in half the time without it

    try:
        on_chain = verify_anchor(node, anchor, keys)
    except WrongChainError as error:
        result.steps.append(Step("chain_id", "failed", str(error)))  # with what to do: the URL may be the wrong one
        raise _Failed from None
    except (WrongContractError, ProofError) as error:
        raise _fail(result, str(error.members.get("check", "chain")), error) from None
    result.state = "permanent" if on_chain.permanent else "anchored"
    words = f"Contract {anchor.contract} on chain {anchor.chain_id} took this head in block {anchor.block}."
    result.steps.append(Step("chain", "ok", words + (" The block is final." if on_chain.permanent else "")))
    words = f"The account {on_chain.opener} announced the log's key there; whoever you know by it vouches for the log."
    result.steps.append(Step("key-on-chain", "ok", words))
