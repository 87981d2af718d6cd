"""A key service stood in for by a key of ``cryptography``, which signs digests and answers in DER, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.kms import ORDER, KmsSigner, read_public_key, read_signature, unsigned
from ledger.chain.signers import LocalSigner, ReadTransaction, Transaction, read_transaction
from ledger.errors import ConfigError, NodeError
from ledger.statements.onchain import keccak256
from tests.services import snippets

KEY = ec.derive_private_key(0x4C0883A69102937D6231471B5DBB6204FE5129617082792AE468D01A3F362318, ec.SECP256K1())
ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
LOCAL = LocalSigner.from_key(KEY.private_numbers().private_value.to_bytes(32, "big"))


def der(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def service(digest: bytes) -> bytes:
    return KEY.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


transactions = st.builds(
    Transaction,
    chain_id=st.integers(1, 2**32),
    nonce=st.integers(0, 2**40),
    to=st.none() | st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex()),
    data=st.binary(max_size=100),
    gas=st.integers(21_000, 2**24),
    max_fee=st.integers(1, 2**60),
    priority_fee=st.none() | st.just(1),
)


@given(transactions)
def test_it_signs_what_others_read(transaction: Transaction) -> None:
    signer = KmsSigner(der(KEY), service)
    assert signer.address == ADDRESS
    made = signer.sign_transaction(transaction)
    assert Account.recover_transaction(made.raw).lower() == ADDRESS
    assert read_transaction(made.raw) == ReadTransaction(made.hash, ADDRESS, transaction)
    assert made.hash == "0x" + keccak256(made.raw).hex()


@given(transactions)
def test_it_writes_what_a_local_key_writes(transaction: Transaction) -> None:
    """The services' signatures differ from one to the next; with a local key's own signature the bytes are the same."""
    local = LOCAL.sign_transaction(transaction)

    def same(digest: bytes) -> bytes:
        found = Account.from_key(LOCAL._account.key).unsafe_sign_hash(digest)
        return utils.encode_dss_signature(found.r, found.s)

    assert KmsSigner(der(KEY), same).sign_transaction(transaction) == local


class Aws:
    """What boto3's client of KMS has of it, as Amazon's model says: names, and which of them must be there."""

    def __init__(self) -> None:
        self._model = botocore.session.get_session().get_service_model("kms")

    def get_public_key(self, **asked: Any) -> dict[str, bytes]:
        self._check("GetPublicKey", asked)
        return {"PublicKey": der(KEY)}

    def sign(self, **asked: Any) -> dict[str, bytes]:
        self._check("Sign", asked)
        assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
        return {"Signature": service(asked["Message"])}

    def _check(self, operation: str, asked: Mapping[str, Any]) -> None:
        report = ParamValidator().validate(asked, self._model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


AWS = Aws()


@given(transactions)
def test_the_signer_in_the_docs(transaction: Transaction) -> None:
    (shown,) = snippets.run_by(__file__)
    names: dict[str, Any] = {}
    exec(shown.code, names)
    made = names["aws_signer"](AWS, "alias/crowdledger").sign_transaction(transaction)
    assert Account.recover_transaction(made.raw).lower() == ADDRESS


@given(st.binary(min_size=32, max_size=32))
def test_the_lower_s_is_taken(digest: bytes) -> None:
    point = read_public_key(der(KEY))
    r, s = utils.decode_dss_signature(service(digest))
    found = {read_signature(utils.encode_dss_signature(r, each), digest, point) for each in (s, ORDER - s)}
    assert len(found) == 1
    assert found.pop()[1] <= ORDER // 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x30\x00",
        utils.encode_dss_signature(0, 1),
        utils.encode_dss_signature(1, 0),
        utils.encode_dss_signature(ORDER, 1),
        utils.encode_dss_signature(5, ORDER + 1),
        service(b"\1" * 32),
        service(b"\1" * 32) + b"\0",
    ],
    ids=["empty", "no-numbers", "r-zero", "s-zero", "r-order", "s-beyond", "another-digest", "trailing"],
)
def test_signatures_of_something_else_are_refused(answer: bytes) -> None:
    transaction = Transaction(chain_id=1, nonce=0, to=ADDRESS, data=b"", gas=21_000, max_fee=1, priority_fee=1)
    with pytest.raises(NodeError, match="signed something else"):
        KmsSigner(der(KEY), lambda digest: answer).sign_transaction(transaction)


def test_another_key_than_the_service_says(tmp_path: object) -> None:
    other = ec.generate_private_key(ec.SECP256K1())
    transaction = Transaction(chain_id=1, nonce=0, to=ADDRESS, data=b"", gas=21_000, max_fee=1, priority_fee=None)
    with pytest.raises(NodeError, match="signed something else"):
        KmsSigner(der(other), service).sign_transaction(transaction)
    assert keccak256(unsigned(transaction)) != keccak256(unsigned(Transaction(**_changed(transaction, nonce=1))))


def _changed(transaction: Transaction, **changes: object) -> dict[str, object]:
    return {name: getattr(transaction, name) for name in Transaction.__dataclass_fields__} | changes


@pytest.mark.parametrize(
    "key",
    [b"", b"\x30\x00", der(ec.generate_private_key(ec.SECP256R1())), der(ed25519.Ed25519PrivateKey.generate())],
    ids=["empty", "no-members", "p256", "ed25519"],
)
def test_keys_of_another_kind(key: bytes) -> None:
    with pytest.raises(ConfigError, match="secp256k1"):
        KmsSigner(key, service)


def test_a_signer_shows_its_address_only() -> None:
    assert repr(KmsSigner(der(KEY), service)) == f"KmsSigner({ADDRESS})"
