"""What wallets sign: EIP-4361 messages, EIP-712 statements, and the signatures themselves."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from ledger.errors import FormatError, SignatureError
from ledger.statements import kinds, sign_in, signatures
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.wallets import WalletSignature
from scripts.fuzz.parsers import seeds
from scripts.fuzz.parsers.target import Target

_SIGNED: Final = (ContributionSubmitted, DecisionMade)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormatError("It is no text.") from None


def _linking(data: bytes) -> None:
    """Whatever is read is written again, and the good message's signature is good for nothing else."""
    message = _text(data)
    said = sign_in.parse(message)
    good = seeds.wallet_link().message()
    if said.message() != message:
        raise AssertionError("it is read, but written otherwise")
    if message != good:
        _must_not_verify(signatures.message_digest(message), _signature_of(signatures.message_digest(good)))


def _signing_in(data: bytes) -> None:
    message = _text(data)
    if sign_in.parse_sign_in(message).message() != message:
        raise AssertionError("it is read, but written otherwise")


def _signature(data: bytes) -> None:
    """Any other spelling, and any other bytes, are another's signature."""
    text, digest = _text(data), signatures.message_digest(seeds.wallet_link().message())
    _checked_form(text)
    if text != _signature_of(digest):
        _must_not_verify(digest, text)


def _signed_statement(data: bytes) -> None:
    """The digest is of all that is said: the good one's signature is good for no other statement."""
    statement = kinds.parse(data)
    if not isinstance(statement, _SIGNED):
        raise FormatError("Wallets sign no such statement.")
    digest = signatures.statement_digest(seeds.DOMAIN, statement)
    for good in _statements():
        signed = kinds.parse(good)
        assert isinstance(signed, _SIGNED)
        was = signatures.statement_digest(seeds.DOMAIN, signed)
        if _signed_part(statement) != _signed_part(signed):
            _must_not_verify(digest, _signature_of(was))


def _signed_part(statement: ContributionSubmitted | DecisionMade) -> tuple[object, ...]:
    names: tuple[str, ...] = ("contribution", "verdict", "score", "feedback", "supersedes")
    if isinstance(statement, ContributionSubmitted):
        names = ("campaign", "task", "contributor", "commitment", "terms", "replaces")
    return (type(statement), *(getattr(statement, name) or "" for name in names))


def _checked_form(text: str) -> None:
    """As every signature is read: 0x and 65 bytes of hexadecimal."""
    try:
        msgspec.convert(text, WalletSignature)
    except msgspec.ValidationError as error:
        raise FormatError(str(error)) from None


def _must_not_verify(digest: bytes, signature: str) -> None:
    try:
        signatures.verify(digest, signature, seeds.ADDRESS)
    except SignatureError:
        return
    raise AssertionError("a signature is good for what was not signed")


@cache
def _signature_of(digest: bytes) -> str:
    return seeds.wallet_signature(digest)


def _statements() -> list[bytes]:
    said = seeds.statements()
    return [said["contribution.submitted"], said["decision.made"]]


TARGETS: Final = (
    Target("EIP-4361, linking", ("sign_in.parse",), _linking, lambda: [seeds.wallet_link().message().encode()]),
    Target(
        "EIP-4361, signing in",
        ("sign_in.parse_sign_in",),
        _signing_in,
        lambda: [seeds.sign_in().message().encode()],
    ),
    Target(
        "wallet signature",
        ("signatures.recover", "signatures.verify"),
        _signature,
        lambda: [_signature_of(signatures.message_digest(seeds.wallet_link().message())).encode()],
    ),
    Target("EIP-712 statement", ("statement_digest",), _signed_statement, _statements),
)
