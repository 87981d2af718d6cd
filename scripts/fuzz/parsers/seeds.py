"""Good inputs: a small log with its files, as a service writes them, and the examples that the repository has."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from eth_keys.datatypes import PrivateKey

from ledger.audit.certificates import certificate
from ledger.book.reputation import Judged
from ledger.statements import kinds, signatures
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.log import ClockTick, LogKeyRotated
from ledger.statements.sign_in import SignIn, WalletLink
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.key_chain import sign_rotation
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor, Receipt
from scripts.compile_contracts import ROOT

EXAMPLES: Final = ROOT / "docs" / "formats" / "examples"
DATA: Final = ROOT / "tests" / "data" / "connectors"
ORIGIN: Final = "crowd.example/main"
MAX_SEED_BYTES: Final = 16 * 1024


def _signer(number: int) -> LogSigner:
    return LogSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


SIGNER: Final = _signer(1)
NEXT_SIGNER: Final = _signer(2)
WALLET: Final = PrivateKey(b"\x07" * 32)
DOMAIN: Final = signatures.Domain(31337, "0x" + "5f" * 20, "0x" + "a1" * 32)
ADDRESS: Final = str(WALLET.public_key.to_address())


@cache
def statements() -> dict[str, bytes]:
    """One statement of every kind, by kind."""
    return {path.stem: path.read_bytes() for path in sorted(EXAMPLES.glob("*.json"))}


@cache
def entries() -> tuple[bytes, ...]:
    """A log's entries: a campaign, a contribution, its decision, a rotation of the key, ticks around them."""
    said = statements()
    previous, signature = SIGNER.verifier_key.vkey, [value.hex() for value in sign_rotation(SIGNER, NEXT_SIGNER)]
    rotated = LogKeyRotated(
        v=1, at="2026-11-22T03:14:08.123Z", previous=previous, key=NEXT_SIGNER.verifier_key.vkey,
        signature=signature[0], endorsed=signature[1],
    )  # fmt: skip
    tick = kinds.encode(ClockTick(v=1, at="2026-11-22T03:14:09.123Z"))
    work = [said[kind] for kind in ("log.opened", "campaign.opened", "contribution.submitted", "decision.made")]
    return (*work, kinds.encode(rotated), tick, tick, tick)


@cache
def leaves() -> list[bytes]:
    """The entries' leaf hashes."""
    return [merkle.leaf_hash(entry) for entry in entries()]


def note(size: int, signer: LogSigner = SIGNER) -> str:
    """The signed head of that size."""
    return sign(Checkpoint(ORIGIN, size, merkle.root(leaves()[:size])), signer)


def receipt(index: int, size: int = 4, signer: LogSigner = SIGNER, *, anchored: bool = False) -> Receipt:
    """An entry's receipt under the head of that size; anchored at the size of 7."""
    proof = merkle.inclusion_proof(index, size, leaves())
    made = Receipt.issue(signer.verifier_key, entries()[index], index, proof, note(size, signer))
    if not anchored:
        return made
    consistency = tuple(merkle.consistency_proof(size, 7, leaves()))
    anchor = Anchor(
        chain_id=DOMAIN.chain_id, contract=DOMAIN.contract, log_id=DOMAIN.log_id, size=7,
        root=merkle.root(leaves()[:7]), transaction="0x" + "7e" * 32, block=42, consistency=consistency,
    )  # fmt: skip
    return dataclasses.replace(made, anchor=anchor)


def keys_file() -> bytes:
    """The published keys of the log, one rotation."""
    proof = receipt(4, 5, NEXT_SIGNER).proof.format()
    rotated = {"key": NEXT_SIGNER.verifier_key.vkey, "from_index": 4, "proof": proof}
    return json.dumps({"v": 1, "keys": [{"key": SIGNER.verifier_key.vkey, "from_index": 0}, rotated]}).encode()


def certificate_file() -> bytes:
    """A certificate of the one contribution."""
    given, made = kinds.parse(entries()[2]), kinds.parse(entries()[3])
    assert isinstance(given, ContributionSubmitted)
    assert isinstance(made, DecisionMade)
    judged = Judged.of(2, given.campaign, 3, made)
    assert judged is not None
    work = [(receipt(2).encode(), receipt(3).encode())]
    campaign = receipt(1).encode()
    return certificate(
        log=ORIGIN, contributor=given.contributor, campaign=campaign, work=work, judged=[judged], name="Ana"
    )


def wallet_link() -> WalletLink:
    """What the example of ``wallet.linked`` says, of a wallet of ours."""
    return WalletLink(
        domain="crowd.example", address=ADDRESS, contributor="5f0c7d3e-1111-4aaa-9bbb-000000000001", log=ORIGIN,
        replaces=None, uri="https://crowd.example/v1/wallets", chain_id=31337, nonce="k3J9sQ2xLm",
        issued_at="2026-11-22T03:14:06.123Z", expires_at="2026-11-22T04:14:00.000Z",
    )  # fmt: skip


def sign_in() -> SignIn:
    """A message to sign in, of the same wallet."""
    said = wallet_link()
    return SignIn(
        domain=said.domain, address=said.address, log=said.log, uri=said.uri, chain_id=said.chain_id,
        nonce=said.nonce, issued_at=said.issued_at, expires_at=said.expires_at,
    )  # fmt: skip


def wallet_signature(digest: bytes) -> str:
    """The wallet's signature of 32 bytes, as wallets write it."""
    v, r, s = map(int, WALLET.sign_msg_hash(digest).vrs)
    return "0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + v])).hex()


def self_signed(key: RSAPrivateKey) -> str:
    """A certificate (PEM) as Amazon SNS has one, of this key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=9_000))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def recorded(pattern: str) -> list[bytes]:
    """Files of platforms, their beginnings, whole lines of them."""
    found = []
    for path in sorted(DATA.glob(pattern)):
        data = path.read_bytes()
        if len(data) > MAX_SEED_BYTES:
            data = data[: data.rindex(b"\n", 0, MAX_SEED_BYTES) + 1] if b"\n" in data[:MAX_SEED_BYTES] else data
        found.append(data)
    return found
