"""Messages of Amazon SNS over https: who sent them, and what is in them.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html . The certificate is the
one that the hook was made with, not one that a message names: nothing is fetched. As SNS signs for all of its customers
alike, the topic must be the hook's own. Only signature version 2 (SHA-256) counts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.connectors import signing
from ledger.connectors.connector import Delivery, Verified
from ledger.connectors.reading.dates import moment
from ledger.errors import FormatError
from ledger.statements.values import time_ms

MAX_BYTES: Final = 512 * 1024
"""SNS sends at most 256 KiB; in JSON it may grow."""
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class _Envelope(msgspec.Struct, frozen=True):
    Type: str
    Message: str
    MessageId: str
    Timestamp: str
    TopicArn: str
    SignatureVersion: str
    Signature: str
    Subject: str | None = None
    SubscribeURL: str | None = None
    Token: str | None = None


def verify(delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
    """The signature is over fields of the JSON, so that the envelope, nothing in it, is parsed first, in bounds.

    Raises SignatureError, and StaleDeliveryError for a message of another time than now.
    """
    envelope = _envelope(delivery)
    if envelope is None or envelope.SignatureVersion != "2":
        signing.refuse()
    signed = _signed(envelope)
    try:
        signature = base64.b64decode(envelope.Signature, validate=True)
    except (binascii.Error, ValueError):
        signing.refuse()
    if not any(_is_signed(signed, signature, envelope.TopicArn, secret) for secret in secrets):
        signing.refuse()
    try:
        at_ms = time_ms(moment(envelope.Timestamp))
    except FormatError:
        signing.refuse()
    signing.check_fresh(at_ms, delivery.received_ms)
    return Verified(envelope.MessageId, at_ms)


def message(delivery: Delivery) -> str:
    """What a genuine notification says. Raises FormatError for a confirmation, which a person has to give."""
    envelope = _envelope(delivery)
    if envelope is None:
        raise FormatError("This is no message of Amazon SNS.")
    if envelope.Type != "Notification":
        raise FormatError(
            f"SNS asks whether to send here ({envelope.Type}).",
            remedy=f"Run: aws sns confirm-subscription --topic-arn {envelope.TopicArn} --token {envelope.Token}",
        )
    return envelope.Message


def _envelope(delivery: Delivery) -> _Envelope | None:
    if len(delivery.body) > MAX_BYTES:
        return None
    try:
        found = msgspec.json.decode(delivery.body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    # Names and values are signed with line ends between: a value with one could pass for two, another id with them.
    rest = (value for name in found.__struct_fields__ if name != "Message" and (value := getattr(found, name)))
    return None if any("\n" in value for value in rest) else found


def _signed(envelope: _Envelope) -> bytes:
    names = _NOTIFICATION if envelope.Type == "Notification" else _CONFIRMATION
    given: list[tuple[str, Any]] = [(name, getattr(envelope, name)) for name in names]
    return "".join(f"{name}\n{value}\n" for name, value in given if value is not None).encode()


def _is_signed(signed: bytes, signature: bytes, topic: str, secret: bytes) -> bool:
    arn, _, pem = secret.partition(b"\n")
    if arn.strip() != topic.encode():  # first: whoever knows no topic is refused as fast where there is no hook
        return False
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except ValueError:
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, signed, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
