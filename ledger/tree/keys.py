"""The log's Ed25519 keys as C2SP signed-note knows them: the verifier key's text, and the signer.

A verifier key is written ``name+keyid+base64(0x01 || public key)``, the key id being the first four bytes of
``SHA256(name || 0x0A || 0x01 || public key)`` as eight hex digits (c2sp.org/signed-note, golang.org/x/mod/sumdb/note).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import FormatError, SignatureError
from ledger.tree.lines import check_clean, decode_base64, encode_base64

MAX_NAME_BYTES = 255
_ED25519 = b"\x01"
_PUBLIC_KEY_SIZE = 32
_KEY_ID = re.compile(r"[0-9a-f]{8}")


def is_key_name(name: str) -> bool:
    """Tell whether ``name`` is a key's name: not empty, no Unicode space, no plus (c2sp.org/signed-note, Format)."""
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 public key (32 bytes) and its name; for a log's own key the name is the origin."""

    name: str
    public_key: bytes
    key_id: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        check_clean(self.name, "name of the key")
        if not is_key_name(self.name) or len(self.name.encode()) > MAX_NAME_BYTES:
            raise FormatError(
                "The name of a key must be 1 to 255 bytes without spaces and plus signs.",
                remedy="Use a name like 'example.org/log'.",
            )
        if type(self.public_key) is not bytes or len(self.public_key) != _PUBLIC_KEY_SIZE:
            raise FormatError(f"An Ed25519 public key is {_PUBLIC_KEY_SIZE} bytes.")
        named = self.name.encode() + b"\n" + _ED25519 + self.public_key
        object.__setattr__(self, "key_id", hashlib.sha256(named).digest()[:4])

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read a verifier key's text; FormatError where it is not one, or its id is not that of its key."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
            raise FormatError("A verifier key is name+id+base64, the id eight lower-case hex digits.")
        encoded = decode_base64(parts[2], "verifier key")
        if encoded[:1] != _ED25519:
            raise FormatError("The verifier key is not an Ed25519 key (type 1).")
        key = cls(parts[0], encoded[1:])
        if key.key_id.hex() != parts[1]:
            raise FormatError(f"The id of the verifier key of '{key.name}' does not match its name and key.")
        return key

    @property
    def vkey(self) -> str:
        """The text that :meth:`parse` reads."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public_key)}"

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check an Ed25519 signature (RFC 8032); SignatureError where it does not verify."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise SignatureError(f"The signature of '{self.name}' does not verify.") from None


class LogSigner:
    """The log's private key under the log's origin. It shows itself by its verifier key only."""

    __slots__ = ("_private_key", "verifier_key")

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        """``name`` is the log's origin; FormatError where it is not fit to name a key."""
        self._private_key = private_key
        self.verifier_key = VerifierKey(name, private_key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, origin: str) -> LogSigner:
        """Make a new key for ``origin``."""
        return cls(origin, Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, origin: str, pem: bytes) -> LogSigner:
        """Read an unencrypted PKCS#8 PEM file's bytes; FormatError where they are not an Ed25519 key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise FormatError(
                f"The key of the log '{origin}' is not an Ed25519 key in an unencrypted PKCS#8 PEM file.",
                remedy="Give the path of the log's key file; 'openssl genpkey -algorithm ed25519' makes a new one.",
            )
        return cls(origin, key)

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 PEM, for a file that only the service may read."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def name(self) -> str:
        """The key's name, which is the log's origin."""
        return self.verifier_key.name

    def sign_bytes(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature (RFC 8032) of ``message``."""
        return self._private_key.sign(message)

    def __repr__(self) -> str:
        return f"LogSigner({self.verifier_key.vkey!r})"
