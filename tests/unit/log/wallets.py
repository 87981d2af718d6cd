"""Wallets that sign in tests."""

from __future__ import annotations

from coincurve import PrivateKey

from ledger.statements import onchain, sign_in, signatures
from ledger.statements.values import format_time
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS


class Wallet:
    """A key and its address."""

    def __init__(self, number: int) -> None:
        self._key = PrivateKey(bytes([number]) * 32)
        public = self._key.public_key.format(compressed=False)[1:]
        self.address = "0x" + onchain.keccak256(public)[12:].hex()

    def sign_digest(self, digest: bytes) -> str:
        """65 bytes r || s || v over a digest."""
        raw = self._key.sign_recoverable(digest, hasher=None)
        return "0x" + (raw[:64] + bytes([raw[64] + 27])).hex()

    def sign(self, text: str) -> str:
        """An EIP-191 signature of a text."""
        return self.sign_digest(signatures.message_digest(text))

    def message(self, contributor: str, replaces: int | None, start_ms: int = START_MS) -> str:
        """The text that links this wallet."""
        return sign_in.WalletLink(
            domain="example.org",
            address=self.address,
            contributor=contributor,
            log=ORIGIN,
            replaces=replaces,
            uri="https://example.org",
            chain_id=1,
            nonce="12345678",
            issued_at=format_time(start_ms),
            expires_at=format_time(start_ms + 50 * DAY_MS),
        ).message()
