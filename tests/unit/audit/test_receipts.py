import hashlib
import io
import secrets

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.receipts import ReceiptCheck, check_receipt
from ledger.statements import kinds
from ledger.statements.commitments import Place, commit
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor, Receipt
from tests.unit.audit import logs

OPENING = commit(Place("contribution", "log", "campaign"), {"answer": "yes"}, secrets.token_bytes(32))


@pytest.fixture(scope="module")
def log(signer: LogSigner, entries: list[bytes]) -> list[bytes]:
    """The log's first entries; the first contribution and decision commit to OPENING."""
    made = list(entries[:40])
    for kind, field in ((ContributionSubmitted, "commitment"), (DecisionMade, "feedback")):
        index = first(made, kind)
        made[index] = kinds.encode(msgspec.structs.replace(kinds.parse(made[index]), **{field: OPENING.commitment}))
    return made


def first(entries: list[bytes], kind: type) -> int:
    return next(index for index, data in enumerate(entries) if isinstance(kinds.parse(data), kind))


def receipt_of(
    log: list[bytes], signer: LogSigner, index: int, *, size: int = 30, anchored: int | None = None
) -> bytes:
    leaves = [merkle.leaf_hash(data) for data in log]
    note = sign(Checkpoint(signer.name, size, merkle.root(leaves[:size])), signer)
    receipt = Receipt.issue(
        signer.verifier_key, log[index], index, merkle.inclusion_proof(index, size, leaves[:size]), note
    )
    if anchored is not None:
        consistency = tuple(merkle.consistency_proof(size, anchored, leaves[:anchored]))
        anchor = Anchor(
            1,
            "0x" + 40 * "a",
            "0x" + 64 * "b",
            anchored,
            merkle.root(leaves[:anchored]),
            "0x" + 64 * "c",
            7,
            consistency,
        )
        receipt = Receipt(receipt.key, receipt.proof, anchor)
    return receipt.encode()


def outcome(result: ReceiptCheck) -> dict[str, str]:
    return {step.name: step.verdict for step in result.steps}


def test_a_recorded_receipt(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of(log, signer, 7), trusted_key=signer.verifier_key)
    assert (result.verdict, result.state, result.index, result.origin) == ("pass", "recorded", 7, signer.name)
    steps = {"format": "ok", "key": "ok", "signature": "ok", "inclusion": "ok", "statement": "ok", "anchor": "skipped"}
    assert outcome(result) == steps


def test_without_a_key_it_says_whose_word_the_key_is(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of(log, signer, 7))
    assert result.verdict == "pass"
    assert outcome(result)["key"] == "unproven"
    assert "own word" in next(step.words for step in result.steps if step.name == "key")


def test_an_anchored_receipt_without_a_node(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of(log, signer, 7, anchored=40))
    assert result.verdict == "pass"
    assert outcome(result)["anchor"] == "ok"
    assert outcome(result)["chain"] == "skipped"
    assert result.state == "recorded"


@pytest.mark.parametrize("kind", [ContributionSubmitted, DecisionMade])
def test_an_opening_shows_the_content(log: list[bytes], signer: LogSigner, kind: type) -> None:
    receipt = receipt_of(log, signer, first(log, kind))
    result = check_receipt(receipt, opening=OPENING.encode())
    assert (result.verdict, result.content) == ("pass", {"answer": "yes"})
    other = commit(Place("contribution", "log", "campaign"), {"answer": "no"}, OPENING.salt)
    result = check_receipt(receipt, opening=other.encode())
    assert (result.verdict, outcome(result)["opening"]) == ("fail", "failed")
    assert result.content is None


def test_a_file_is_held_against_the_opening_that_names_it(signer: LogSigner, entries: list[bytes]) -> None:
    work = bytes(3_000_000) + b"the end"
    named = {"sha256": hashlib.sha256(work).hexdigest(), "bytes": len(work), "type": "audio/flac"}
    for content, data, verdict in (
        (named, work, "ok"),
        (named, work[:-1], "failed"),
        (named, b"", "failed"),
        (named | {"bytes": 7}, work, "failed"),
        (named | {"more": 1}, work, "failed"),
        ({"answer": "yes"}, work, "failed"),
        (named["sha256"], work, "failed"),
    ):
        opening = commit(Place("contribution", "log", "campaign"), content, bytes(32))
        index = first(entries, ContributionSubmitted)
        statement = msgspec.structs.replace(kinds.parse(entries[index]), commitment=opening.commitment)
        log = [*entries[:index], kinds.encode(statement), *entries[index + 1 : 40]]
        receipt = receipt_of(log, signer, index)
        result = check_receipt(receipt, opening=opening.encode(), file=io.BytesIO(data))
        assert outcome(result)["file"] == verdict
        assert result.verdict == ("pass" if verdict == "ok" else "fail")


def test_an_opening_of_a_statement_that_commits_to_nothing(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of(log, signer, 0), opening=OPENING.encode())
    assert outcome(result)["opening"] == "failed"


def test_another_trusted_key_fails(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of(log, signer, 7), trusted_key=logs.log_signer().verifier_key)
    assert outcome(result) == {"format": "ok", "key": "failed"}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_byte_changed_anywhere_in_the_log_part_fails(
    data: st.DataObject, log: list[bytes], signer: LogSigner
) -> None:
    receipt = bytearray(receipt_of(log, signer, 7))
    at = data.draw(st.integers(0, len(receipt) - 1), "at")
    receipt[at] ^= data.draw(st.integers(1, 255), "flip")
    result = check_receipt(bytes(receipt))
    assert result.verdict == "fail"
    failed = [step for step in result.steps if step.verdict == "failed"]
    assert len(failed) == 1
    assert failed[0].name in {"format", "key", "signature", "inclusion"}


def test_a_wrong_consistency_proof_fails(log: list[bytes], signer: LogSigner) -> None:
    receipt = Receipt.parse(receipt_of(log, signer, 7, anchored=40))
    assert receipt.anchor is not None
    good = {name: getattr(receipt.anchor, name) for name in Anchor.__slots__}
    for change in ({"root": bytes(32)}, {"size": 29}, {"consistency": good["consistency"][:-1]}):
        result = check_receipt(Receipt(receipt.key, receipt.proof, Anchor(**good | change)).encode())
        assert outcome(result)["anchor"] == "failed"
        assert "chain" not in outcome(result)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"v":1}', b"[" * 5_000])
def test_what_is_no_receipt_fails(data: bytes) -> None:
    assert outcome(check_receipt(data)) == {"format": "failed"}


def test_a_signed_entry_that_is_no_statement_fails(log: list[bytes], signer: LogSigner) -> None:
    result = check_receipt(receipt_of([*log[:7], b"not a statement", *log[8:]], signer, 7))
    assert outcome(result)["statement"] == "failed"
