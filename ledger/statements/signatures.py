"""Wallet signatures: EIP-712 over contributions and decisions, EIP-191 over messages (FORMATS, Signatures).

Packed by hand: every member is one word, so a check is one recovery and a few hashes, of which those of a domain and
of texts that come again and again (a campaign's id, what is empty) are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from coincurve import PublicKey

from ledger.errors import SignatureError
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.onchain import ZERO_HASH, address_word, keccak256, uint256

Signers = dict[tuple[bytes, str], str]
"""By digest and signature: the address that made it."""

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_DOMAIN_TYPE = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_NAME = keccak256(b"CrowdLedger")
_VERSION = keccak256(b"1")
_CONTRIBUTION_TYPE = keccak256(
    b"Contribution(bytes32 logId,string campaign,string task,string contributor,bytes32 commitment,bytes32 terms,"
    b"string replaces)"
)
_DECISION_TYPE = keccak256(
    b"Decision(bytes32 logId,string contribution,string verdict,string score,bytes32 feedback,string supersedes)"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one log on one ContributionLog contract of one chain."""

    chain_id: int
    contract: str
    log_id: str

    def separator(self) -> bytes:
        """The EIP-712 domain separator, 32 bytes."""
        return _separator(self.chain_id, self.contract)


@lru_cache(maxsize=64)
def _separator(chain_id: int, contract: str) -> bytes:
    return keccak256(_DOMAIN_TYPE + _NAME + _VERSION + uint256(chain_id) + address_word(contract))


@lru_cache(maxsize=4096)
def _text(value: str | None) -> bytes:
    return keccak256((value or "").encode())


def _typed(domain: Domain, words: bytes) -> bytes:
    return keccak256(b"\x19\x01" + domain.separator() + keccak256(words))


def contribution_digest(
    domain: Domain,
    *,
    campaign: str,
    contributor: str,
    commitment: str,
    terms: str,
    task: str | None = None,
    replaces: str | None = None,
) -> bytes:
    """The 32 bytes that a contributor's wallet signs for a contribution (EIP-712)."""
    words = _CONTRIBUTION_TYPE + bytes.fromhex(domain.log_id[2:]) + _text(campaign) + _text(task) + _text(contributor)
    return _typed(domain, words + bytes.fromhex(commitment) + bytes.fromhex(terms) + _text(replaces))


def decision_digest(
    domain: Domain,
    *,
    contribution: str,
    verdict: str,
    score: str,
    feedback: str | None = None,
    supersedes: str | None = None,
) -> bytes:
    """The 32 bytes that a reviewer's wallet signs for a decision (EIP-712)."""
    words = _DECISION_TYPE + bytes.fromhex(domain.log_id[2:]) + _text(contribution) + _text(verdict) + _text(score)
    return _typed(domain, words + bytes.fromhex(feedback or ZERO_HASH[2:]) + _text(supersedes))


def statement_digest(domain: Domain, statement: ContributionSubmitted | DecisionMade) -> bytes:
    """The 32 bytes that a wallet signs for what this statement says (EIP-712)."""
    if isinstance(statement, ContributionSubmitted):
        return contribution_digest(
            domain,
            campaign=statement.campaign,
            contributor=statement.contributor,
            commitment=statement.commitment,
            terms=statement.terms,
            task=statement.task,
            replaces=statement.replaces,
        )
    return decision_digest(
        domain,
        contribution=statement.contribution,
        verdict=statement.verdict,
        score=statement.score,
        feedback=statement.feedback,
        supersedes=statement.supersedes,
    )


def message_digest(message: str) -> bytes:
    """The 32 bytes that ``personal_sign`` signs for a text (EIP-191 version 0x45)."""
    data = message.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(data) + data)


def recover(digest: bytes, signature: str) -> str:
    """The address that signed ``digest``; ``signature`` is 0x and 65 bytes r || s || v. Raises SignatureError."""
    raw = bytes.fromhex(signature[2:])
    if len(raw) != 65 or raw[64] not in (27, 28):
        raise SignatureError("A signature has 65 bytes and ends in 27 or 28.")
    if int.from_bytes(raw[32:64], "big") > _HALF_ORDER:
        raise SignatureError("The signature's s is in the upper half, where every signature has a twin (EIP-2).")
    try:
        key = PublicKey.from_signature_and_message(raw[:64] + bytes([raw[64] - 27]), digest, hasher=None)
    except Exception as error:  # coincurve raises bare Exception for a point that is not on the curve
        raise SignatureError("The signature is not one of any key.") from error
    return "0x" + keccak256(key.format(compressed=False)[1:])[12:].hex()


def verify(
    digest: bytes, signature: str, address: str, known: Mapping[tuple[bytes, str], str] = MappingProxyType({})
) -> None:
    """Raise SignatureError unless ``address`` (0x, lower case) signed ``digest``; ``known`` signers were recovered."""
    signer = known.get((digest, signature)) or recover(digest, signature)
    if signer != address:
        raise SignatureError(f"The signature is by {signer}, not by {address}.")
