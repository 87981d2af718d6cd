"""Signing with a key that never leaves a key service: the half of it that every such service has in common.

A service (AWS KMS, Google Cloud KMS, an HSM) signs a digest of 32 bytes with a secp256k1 key and answers in DER. Here
is what makes an Ethereum transaction of that: its digest, the signature's two numbers with the lower ``s`` (EIP-2), and
which of the two points it belongs to, found by trying both (EIP-155, EIP-1559). Nothing here reaches a network.
"""

from __future__ import annotations

from collections.abc import Callable

import coincurve
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.chain import rlp
from ledger.chain.signers import SignedTransaction, Transaction
from ledger.errors import ConfigError, NodeError
from ledger.statements.onchain import keccak256

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of secp256k1 (SEC 2, section 2.4.1)."""
_TYPE_1559 = b"\x02"


class KmsSigner:
    """A :class:`ledger.chain.signers.Signer` whose key is with a service.

    ``public_key`` is the service's answer about the key, DER (SubjectPublicKeyInfo, RFC 5480). ``sign_digest`` has the
    service sign 32 bytes as they are, hashed already, and gives its answer, DER (ECDSA-Sig-Value, RFC 3279); it raises
    NodeError where the service does not answer.
    """

    def __init__(self, public_key: bytes, sign_digest: Callable[[bytes], bytes]) -> None:
        self._point = read_public_key(public_key)
        self._sign_digest = sign_digest
        self.address = "0x" + keccak256(self._point)[12:].hex()

    def __repr__(self) -> str:
        return f"KmsSigner({self.address})"

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """See :class:`ledger.chain.signers.Signer`. Raises NodeError where the service signed something else."""
        digest = keccak256(unsigned(transaction))
        raw = signed(transaction, *read_signature(self._sign_digest(digest), digest, self._point))
        return SignedTransaction(raw, "0x" + keccak256(raw).hex())


def read_public_key(data: bytes) -> bytes:
    """The 64 bytes x and y of a secp256k1 key in DER. Raises ConfigError where it is none."""
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256K1):
        raise ConfigError(
            "The key service's key is not a secp256k1 key.",
            remedy="Make one of that kind (ECC_SECG_P256K1, EC_SIGN_SECP256K1_SHA256).",
        )
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def read_signature(signature: bytes, digest: bytes, point: bytes) -> tuple[int, int, int]:
    """``r``, the lower ``s`` and the parity (0 or 1) of a DER signature of ``digest`` by the key ``point``.

    Raises NodeError where it is no such signature.
    """
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        r = s = 0
    if 0 < r < ORDER and 0 < s < ORDER:
        s = min(s, ORDER - s)
        both = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        for parity in (0, 1):
            if _recover(both + bytes([parity]), digest) == point:
                return r, s, parity
    raise NodeError("The key service signed something else than it was given.", remedy="Check which key it uses.")


def _recover(signature: bytes, digest: bytes) -> bytes | None:
    try:
        found = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # the library raises whatever comes where there is no such point
        return None
    return found.format(compressed=False)[1:]


def unsigned(transaction: Transaction) -> bytes:
    """The bytes whose Keccak-256 is signed."""
    if transaction.priority_fee is None:
        return rlp.encode([*_priced(transaction), rlp.number(transaction.chain_id), b"", b""])
    return _TYPE_1559 + rlp.encode(_typed(transaction, transaction.priority_fee))


def signed(transaction: Transaction, r: int, s: int, parity: int) -> bytes:
    """The transaction as a node takes it."""
    if transaction.priority_fee is None:
        v = transaction.chain_id * 2 + 35 + parity
        return rlp.encode([*_priced(transaction), rlp.number(v), rlp.number(r), rlp.number(s)])
    fields = _typed(transaction, transaction.priority_fee)
    return _TYPE_1559 + rlp.encode([*fields, rlp.number(parity), rlp.number(r), rlp.number(s)])


def _priced(transaction: Transaction) -> list[rlp.Item]:
    """nonce, gasPrice, gas, to, value, data (Yellow Paper, section 4.3)."""
    numbers = (transaction.nonce, transaction.max_fee, transaction.gas)
    return [*map(rlp.number, numbers), _to(transaction), b"", transaction.data]


def _typed(transaction: Transaction, priority_fee: int) -> list[rlp.Item]:
    """chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas, to, value, data, accessList (EIP-1559)."""
    numbers = (transaction.chain_id, transaction.nonce, priority_fee, transaction.max_fee, transaction.gas)
    return [*map(rlp.number, numbers), _to(transaction), b"", transaction.data, []]


def _to(transaction: Transaction) -> bytes:
    return bytes.fromhex(transaction.to[2:]) if transaction.to else b""
