"""Receipts: canonical bytes, each named check, and every byte changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import CrowdLedgerError, FormatError, ProofError, SignatureError
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import MAX_RECEIPT_BYTES, Anchor, Receipt, verify_anchor_offline, verify_log_part

SIGNER = LogSigner.generate("log.example/main")
KEY = SIGNER.verifier_key
STATEMENTS = [b'{"at":"2026-11-22T03:14:00.123Z","kind":"clock.tick","n":%d,"v":1}' % number for number in range(23)]
LEAVES = [merkle.leaf_hash(statement) for statement in STATEMENTS]
SIZE, INDEX, ANCHORED = 11, 6, 23


def note_of(size: int, signer: LogSigner = SIGNER, origin: str | None = None) -> str:
    return sign(Checkpoint(origin or signer.name, size, merkle.root(LEAVES[:size])), signer)


def anchor_at(size: int) -> Anchor:
    return Anchor(
        chain_id=31337,
        contract="0x" + "5f" * 20,
        log_id="0x" + "a1" * 32,
        size=size,
        root=merkle.root(LEAVES[:size]),
        transaction="0x" + "7e" * 32,
        block=42,
        consistency=tuple(merkle.consistency_proof(SIZE, size, LEAVES)),
    )


RECEIPT = Receipt.issue(KEY, STATEMENTS[INDEX], INDEX, merkle.inclusion_proof(INDEX, SIZE, LEAVES), note_of(SIZE))
ANCHORED_RECEIPT = dataclasses.replace(RECEIPT, anchor=anchor_at(ANCHORED))
MEMBERS: dict[str, Any] = json.loads(ANCHORED_RECEIPT.encode())


def verify_bytes(data: bytes, trusted: VerifierKey | None) -> None:
    verify_log_part(Receipt.parse(data), trusted)


@pytest.mark.parametrize("receipt", [RECEIPT, ANCHORED_RECEIPT])
def test_a_receipt_verifies_and_is_canonical(receipt: Receipt) -> None:
    data = receipt.encode()
    assert data == rfc8785.dumps(json.loads(data))
    assert Receipt.parse(data) == receipt
    for trusted in (KEY, None):
        verified = verify_log_part(Receipt.parse(data), trusted)
        assert (verified.statement, verified.index, verified.key) == (STATEMENTS[INDEX], INDEX, KEY)
        assert verified.trusted is (trusted is not None)
        assert verified.checkpoint == receipt.checkpoint
        assert verified.checkpoint.size == SIZE


def test_every_receipt_of_a_small_log_verifies() -> None:
    for size in range(1, len(LEAVES) + 1):
        note = note_of(size)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, LEAVES)
            verify_bytes(Receipt.issue(KEY, STATEMENTS[index], index, proof, note).encode(), KEY)


def edits_of(value: int) -> set[int]:
    """Other values for a byte: each bit flipped, and what digits, letters, base64 and JSON are made of."""
    return ({value ^ 1 << bit for bit in range(8)} | set(b'01Aa/+=" \n\\')) - {value}


@pytest.mark.parametrize(
    "trusted", [pytest.param(KEY, id="trusted"), pytest.param(None, id="own word", marks=pytest.mark.long)]
)
def test_any_one_byte_changed_in_the_log_part_fails(trusted: VerifierKey | None) -> None:
    data = ANCHORED_RECEIPT.encode()
    begin = data.index(b'{"block"')
    end = data.index(b',"key"')
    for at in [*range(begin), *range(end, len(data))]:
        for value in edits_of(data[at]):
            with pytest.raises((FormatError, ProofError, SignatureError)):
                verify_bytes(data[:at] + bytes([value]) + data[at + 1 :], trusted)
        for changed in (data[:at] + data[at + 1 :], data[:at] + data[at : at + 1] + data[at:]):
            with pytest.raises((FormatError, ProofError, SignatureError)):
                verify_bytes(changed, trusted)


def test_any_one_byte_changed_in_root_or_consistency_fails_offline() -> None:
    data = ANCHORED_RECEIPT.encode()
    ranges = [
        (data.index(b'"consistency"'), data.index(b',"contract"')),
        (data.index(b'"root"'), data.index(b',"size"')),
    ]
    for at in [at for begin, end in ranges for at in range(begin, end)]:
        for value in edits_of(data[at]):
            with pytest.raises((FormatError, ProofError)):
                verify_anchor_offline(Receipt.parse(data[:at] + bytes([value]) + data[at + 1 :]))


@settings(max_examples=300)
@given(st.data())
def test_no_other_bytes_are_read_as_a_receipt(data: st.DataObject) -> None:
    original = ANCHORED_RECEIPT.encode()
    at = data.draw(st.integers(0, len(original)))
    piece = data.draw(
        st.binary(max_size=3) | st.sampled_from([b" ", b"\\n", b",", b"null", b"1e0", b"0", b"\xef\xbb\xbf"])
    )
    edited = original[:at] + piece + original[at + data.draw(st.integers(0, 3)) :]
    try:
        receipt = Receipt.parse(edited)
    except FormatError:
        return
    assert receipt.encode() == edited


def with_members(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda members: {**members, **changes}


def with_anchor(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda members: {**members, "anchor": {**members["anchor"], **changes}}


def without(*path: str) -> Callable[[dict[str, Any]], Any]:
    def change(members: dict[str, Any]) -> Any:
        if len(path) == 2:
            inner = {name: value for name, value in members[path[0]].items() if name != path[1]}
            return {**members, path[0]: inner}
        return {name: value for name, value in members.items() if name != path[0]}

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda members: [members],
        lambda members: None,
        with_members(v=2),
        with_members(v=True),
        with_members(v=1.0),
        with_members(v="1"),
        with_members(state="anchored"),
        with_members(key=None),
        with_members(key=[MEMBERS["key"]]),
        with_members(key=MEMBERS["key"][:-1]),
        with_members(proof=None),
        with_members(proof=""),
        with_members(proof=MEMBERS["proof"] + "\n"),
        with_members(proof=MEMBERS["proof"].replace("extra ", "extras ")),
        with_members(proof="\n".join(line for line in MEMBERS["proof"].split("\n") if not line.startswith("extra "))),
        with_members(proof=MEMBERS["proof"] + "\ud800"),
        with_members(anchor=None),
        with_members(anchor={}),
        with_members(anchor=[]),
        with_anchor(state="final"),
        without("v"),
        without("key"),
        without("proof"),
        *(without("anchor", name) for name in MEMBERS["anchor"]),
        *(with_anchor(**{name: None}) for name in MEMBERS["anchor"]),
        *(with_anchor(**{name: True}) for name in MEMBERS["anchor"]),
        *(
            with_anchor(**{name: value})
            for name in ("chain_id", "size", "block")
            for value in (-1, 2**53, 1.0, "1", 10**400)
        ),
        with_anchor(chain_id=0),
        with_anchor(size=0),
        *(with_anchor(**{name: MEMBERS["anchor"][name].upper()}) for name in ("contract", "log_id", "transaction")),
        *(with_anchor(**{name: MEMBERS["anchor"][name][2:]}) for name in ("contract", "log_id", "transaction")),
        *(
            with_anchor(**{name: MEMBERS["anchor"][name] + "\n"})
            for name in ("contract", "log_id", "transaction", "root")
        ),
        with_anchor(contract="0x" + "g" * 40),
        with_anchor(root="0x" + MEMBERS["anchor"]["root"]),
        with_anchor(root=MEMBERS["anchor"]["root"].upper()),
        with_anchor(root=MEMBERS["anchor"]["root"][:-1]),
        with_anchor(consistency=["0x" + "00" * 32]),
        with_anchor(consistency=[7]),
        with_anchor(consistency={"0": "00" * 32}),
        with_anchor(consistency=["00" * 32] * 65),
    ],
)
def test_what_is_not_a_receipt_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    members = json.loads(ANCHORED_RECEIPT.encode())
    text = json.dumps(change(members), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with pytest.raises(FormatError):
        Receipt.parse(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"v":NaN}',
        RECEIPT.encode() + b"\n",
        b" " + RECEIPT.encode(),
        b"\xef\xbb\xbf" + RECEIPT.encode(),
        RECEIPT.encode().replace(b'"v":1', b'"v":1,"v":1'),
        RECEIPT.encode().replace(b'"v":1', b'"v": 1'),
        RECEIPT.encode().replace("—".encode(), b"\\u2014"),
        json.dumps(json.loads(RECEIPT.encode()), ensure_ascii=False).encode(),
        RECEIPT.encode() + b" " * MAX_RECEIPT_BYTES,
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Receipt.parse(data)


def failing_check(receipt: Receipt, trusted: VerifierKey | None = KEY) -> tuple[type[CrowdLedgerError], object, str]:
    with pytest.raises(CrowdLedgerError) as caught:
        verify_log_part(Receipt.parse(receipt.encode()), trusted)
    return type(caught.value), caught.value.members.get("check"), caught.value.detail


def test_each_check_is_named() -> None:
    stranger = LogSigner.generate(SIGNER.name)
    proof = RECEIPT.proof
    forged = dataclasses.replace(RECEIPT, key=stranger.verifier_key)
    error, check, detail = failing_check(forged)
    assert (error, check) == (SignatureError, "key")
    assert "check of the key failed" in detail
    error, check, detail = failing_check(forged, None)
    assert (error, check) == (SignatureError, "signature")
    assert "checkpoint's signature failed" in detail
    altered = proof.checkpoint.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n")
    error, check, _ = failing_check(dataclasses.replace(RECEIPT, proof=dataclasses.replace(proof, checkpoint=altered)))
    assert (error, check) == (SignatureError, "signature")
    for change in (
        {"extra": STATEMENTS[INDEX + 1]},
        {"index": INDEX + 1},
        {"index": SIZE},
        {"hashes": proof.hashes[:-1]},
        {"hashes": (*proof.hashes, bytes(32))},
        {"checkpoint": note_of(SIZE + 1)},
    ):
        changed: Any = dataclasses.replace(proof, **change)
        error, check, detail = failing_check(dataclasses.replace(RECEIPT, proof=changed))
        assert (error, check) == (ProofError, "inclusion")
        assert "statement's inclusion failed" in detail


def test_the_checkpoint_carries_the_logs_signature_alone() -> None:
    witness = LogSigner.generate("witness.example")
    text = RECEIPT.checkpoint.text()
    line = sign(Checkpoint("witness.example", 0, bytes(32)), witness).split("\n\n")[1]
    own = RECEIPT.proof.checkpoint.removeprefix(text + "\n")
    for note in (f"{text}\n{own}{line}", f"{text}\n{line}{own}", f"{text}\n{own}{own}"):
        cosigned = dataclasses.replace(RECEIPT, proof=dataclasses.replace(RECEIPT.proof, checkpoint=note))
        error, _, detail = failing_check(cosigned)
        assert error is FormatError
        assert "exactly one signature" in detail


def test_a_key_of_another_name_is_not_the_logs() -> None:
    other = LogSigner.generate("other.example")
    text = Checkpoint(SIGNER.name, SIZE, merkle.root(LEAVES[:SIZE])).text()
    foreign = sign(Checkpoint(other.name, 0, bytes(32)), other).split("\n\n")[1]
    proof = dataclasses.replace(RECEIPT.proof, checkpoint=f"{text}\n{foreign}")
    assert failing_check(dataclasses.replace(RECEIPT, key=other.verifier_key, proof=proof), None)[1] == "signature"


def test_a_receipt_needs_its_statement() -> None:
    with pytest.raises(FormatError, match="extra line"):
        Receipt(KEY, dataclasses.replace(RECEIPT.proof, extra=None))


@pytest.mark.parametrize("size", range(SIZE, ANCHORED + 1))
def test_the_anchor_continues_the_checkpoint(size: int) -> None:
    receipt = Receipt.parse(dataclasses.replace(RECEIPT, anchor=anchor_at(size)).encode())
    assert verify_anchor_offline(receipt) == anchor_at(size)


def test_an_anchor_that_does_not_continue_is_refused() -> None:
    good = anchor_at(ANCHORED)
    for anchor in (
        None,
        dataclasses.replace(good, consistency=good.consistency[:-1]),
        dataclasses.replace(good, consistency=(*good.consistency, bytes(32))),
        dataclasses.replace(good, root=bytes(32)),
        dataclasses.replace(good, size=SIZE - 1, root=merkle.root(LEAVES[: SIZE - 1])),
        dataclasses.replace(good, size=SIZE, consistency=()),
        dataclasses.replace(anchor_at(SIZE), consistency=(bytes(32),)),
    ):
        with pytest.raises(ProofError) as caught:
            verify_anchor_offline(dataclasses.replace(RECEIPT, anchor=anchor))
        assert caught.value.members["check"] == "anchor"


@given(st.binary(min_size=1, max_size=2000))
def test_any_statement_round_trips(statement: bytes) -> None:
    leaf = merkle.leaf_hash(statement)
    note = sign(Checkpoint(SIGNER.name, 1, leaf), SIGNER)
    data = Receipt.issue(KEY, statement, 0, [], note).encode()
    assert data == rfc8785.dumps(json.loads(data))
    assert verify_log_part(Receipt.parse(data), KEY).statement == statement


def test_the_largest_statement_fits() -> None:
    statement = b"x" * 60_000
    root = merkle.leaf_hash(statement)
    hashes = [bytes([level]) * 32 for level in range(40)]
    for sibling in hashes:
        root = merkle.node_hash(root, sibling)
    receipt = Receipt.issue(KEY, statement, 0, hashes, sign(Checkpoint(SIGNER.name, 2**40, root), SIGNER))
    verify_bytes(receipt.encode(), KEY)
