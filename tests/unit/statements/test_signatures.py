"""Against eth-account: what it signs we accept, what we hash it hashes."""

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import SignatureError
from ledger.statements import signatures
from ledger.statements.signatures import Domain

DOMAIN = Domain(31337, "0x" + "ab" * 20, "0x" + "cd" * 32)
EIP712_DOMAIN = {"name": "CrowdLedger", "version": "1", "chainId": 31337, "verifyingContract": DOMAIN.contract}
CONTRIBUTION = {
    "Contribution": [
        {"name": "logId", "type": "bytes32"},
        {"name": "campaign", "type": "string"},
        {"name": "task", "type": "string"},
        {"name": "contributor", "type": "string"},
        {"name": "commitment", "type": "bytes32"},
        {"name": "terms", "type": "bytes32"},
        {"name": "replaces", "type": "string"},
    ]
}
DECISION = {
    "Decision": [
        {"name": "logId", "type": "bytes32"},
        {"name": "contribution", "type": "string"},
        {"name": "verdict", "type": "string"},
        {"name": "score", "type": "string"},
        {"name": "feedback", "type": "bytes32"},
        {"name": "supersedes", "type": "string"},
    ]
}
ACCOUNT = Account.from_key(b"\x11" * 32)
ADDRESS = ACCOUNT.address.lower()
DIGEST = st.binary(min_size=32, max_size=32)
TEXT = st.text(max_size=40).filter(lambda text: text.isprintable())


def sign(message):
    return "0x" + bytes(ACCOUNT.sign_message(message).signature).hex()


@settings(max_examples=25)
@given(TEXT, TEXT, TEXT, DIGEST, DIGEST, TEXT)
def test_contributions(campaign, task, contributor, commitment, terms, replaces):
    message = {
        "logId": bytes.fromhex(DOMAIN.log_id[2:]),
        "campaign": campaign,
        "task": task,
        "contributor": contributor,
        "commitment": commitment,
        "terms": terms,
        "replaces": replaces,
    }
    digest = signatures.contribution_digest(
        DOMAIN,
        campaign=campaign,
        task=task or None,
        contributor=contributor,
        commitment=commitment.hex(),
        terms=terms.hex(),
        replaces=replaces or None,
    )
    signatures.verify(digest, sign(encode_typed_data(EIP712_DOMAIN, CONTRIBUTION, message)), ADDRESS)


@settings(max_examples=25)
@given(TEXT, TEXT, TEXT, st.none() | DIGEST, TEXT)
def test_decisions(contribution, verdict, score, feedback, supersedes):
    message = {
        "logId": bytes.fromhex(DOMAIN.log_id[2:]),
        "contribution": contribution,
        "verdict": verdict,
        "score": score,
        "feedback": feedback or bytes(32),
        "supersedes": supersedes,
    }
    digest = signatures.decision_digest(
        DOMAIN,
        contribution=contribution,
        verdict=verdict,
        score=score,
        feedback=feedback.hex() if feedback else None,
        supersedes=supersedes or None,
    )
    signatures.verify(digest, sign(encode_typed_data(EIP712_DOMAIN, DECISION, message)), ADDRESS)


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_messages(text):
    signatures.verify(signatures.message_digest(text), sign(encode_defunct(text=text)), ADDRESS)


def test_other_signers_domains_and_twins_are_refused():
    digest = signatures.message_digest("pay me")
    good = sign(encode_defunct(text="pay me"))
    with pytest.raises(SignatureError, match="not by"):
        signatures.verify(digest, good, "0x" + "00" * 20)
    with pytest.raises(SignatureError):
        signatures.verify(signatures.message_digest("pay you"), good, ADDRESS)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s, v = int(good[66:130], 16), int(good[130:], 16)
    twin = good[:66] + f"{order - s:064x}" + f"{55 - v:02x}"
    with pytest.raises(SignatureError, match="upper half"):
        signatures.verify(digest, twin, ADDRESS)
    for bad in (good[:-2], good[:-2] + "00", "0x" + 128 * "0" + "1b", "0x" + 128 * "f" + "1b"):
        with pytest.raises(SignatureError):
            signatures.recover(digest, bad)
