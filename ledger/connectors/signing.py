"""How a platform's webhook is known to be genuine: the few schemes there are, all compared in constant time.

Every check runs over all secrets that may have signed (a rotated one is still good for a while), on the bytes as they
came, and before anything of the body is parsed. What a check says is never more than "refused": not which part failed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final, NoReturn

from ledger.connectors.connector import Delivery
from ledger.errors import SignatureError, StaleDeliveryError

WINDOW_MS: Final = 5 * 60 * 1000
"""How far a signed time may be from ours, either way."""
_MAX_HEADER_CHARS: Final = 4096
_MS_DIGITS: Final = 15


def check_hmac(message: bytes, given: bytes, secrets: Sequence[bytes]) -> None:
    """``given`` is HMAC-SHA256 of ``message`` (RFC 2104) under one of the secrets. Raises SignatureError."""
    genuine = False
    for secret in secrets:
        genuine |= bool(secret) and hmac.compare_digest(hmac.digest(secret, message, "sha256"), given)
    if not genuine:
        refuse()


def check_secret(given: bytes, secrets: Sequence[bytes]) -> None:
    """``given`` is one of the secrets. Digests are compared, so that time tells nothing of lengths either."""
    seen = hashlib.sha256(given).digest()
    genuine = False
    for secret in secrets:
        genuine |= bool(secret) and hmac.compare_digest(hashlib.sha256(secret).digest(), seen)
    if not genuine:
        refuse()


def check_secret_header(delivery: Delivery, secrets: Sequence[bytes]) -> None:
    """One header holds the secret: ``Authorization: Bearer``, or one whose name ends with ``-secret``.

    Platforms let their users name the header; the name protects nothing, so any such name will do.
    """
    scheme, _, token = delivery.headers.get("authorization", "").partition(" ")
    given = [value for name, value in delivery.headers.items() if name.endswith("-secret")]
    if scheme.lower() == "bearer":
        given.append(token.strip())
    if len(given) != 1 or len(given[0]) > _MAX_HEADER_CHARS:
        refuse()
    check_whole(delivery)
    check_secret(given[0].encode(), secrets)


def check_whole(delivery: Delivery) -> None:
    """The body has the length that its sender gave it: a scheme that signs no body notices a cut in nothing else."""
    length = delivery.headers.get("content-length", "")
    if length and (digits(length) != len(delivery.body)):
        refuse()


def check_basic(delivery: Delivery, secrets: Sequence[bytes]) -> None:
    """``Authorization: Basic`` (RFC 7617); a secret is ``user:password``."""
    scheme, _, token = delivery.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or len(token) > _MAX_HEADER_CHARS:
        refuse()
    check_whole(delivery)
    check_secret(from_base64(token.strip()), secrets)


def check_fresh(at_ms: int, received_ms: int) -> None:
    """A signed time is near enough to ours. Raises StaleDeliveryError; call it after the signature was checked."""
    if abs(received_ms - at_ms) > WINDOW_MS:
        raise StaleDeliveryError(f"This delivery was signed {abs(received_ms - at_ms) // 1000} seconds from now.")


def digits(text: str) -> int:
    """A time in a header: ASCII digits only. Raises SignatureError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MS_DIGITS):
        refuse()
    return int(text)


def from_base64(text: str) -> bytes:
    """Strict base64. Raises SignatureError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        refuse()


def from_hex(text: str) -> bytes:
    """Hexadecimal without spaces. Raises SignatureError."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        refuse()


def body_id(delivery: Delivery) -> str:
    """The event's id where the scheme signs none: the digest of what was delivered."""
    return f"sha256:{hashlib.sha256(delivery.body).hexdigest()}"


def refuse() -> NoReturn:
    """Raises SignatureError that says nothing of why."""
    raise SignatureError(
        "This delivery is not signed with the hook's secret.",
        remedy="Set the secret that the hook was made with at the platform, or rotate the hook's secret.",
    )
