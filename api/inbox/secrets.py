"""Secrets of webhooks: ours where the scheme lets us choose, else the platform's; sealed with those still good."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ledger.db.sealed import SealedSecrets
from ledger.errors import FieldError

_USER: Final = "crowdledger"
_IN_ADDRESS: Final = ("pybossa", "zooniverse")
"""Their secret is ``user:password`` and stands in the address (Basic authentication)."""
_GIVEN: Final = {
    "mturk": "Send the topic's ARN, a line end and the certificate (PEM) that Amazon SNS signs with in this region.",
    "prolific": "Make a secret at Prolific (POST /api/v1/hooks/secrets/) and send it.",
}
"""Those whose platform makes the secret, and where it comes from."""
_KEPT: Final = 4


class Secret(msgspec.Struct, frozen=True):
    """A secret that may have signed; ``until_ms`` is None for the one in force."""

    secret: str
    until_ms: int | None = None

    def __repr__(self) -> str:
        return "Secret()"


_DECODER: Final = msgspec.json.Decoder(list[Secret])


def new_secret(connector: str, given: str | None) -> str:
    """The secret of a new hook, or the next one of an old. Raises FieldError for one that cannot be of this scheme."""
    if given is None:
        if connector in _GIVEN:
            raise _wrong("This platform makes the secret itself.", _GIVEN[connector])
        made = secrets.token_urlsafe(32)
        return f"{_USER}:{made}" if connector in _IN_ADDRESS else made
    if connector == "mturk":
        _check_topic(given)
    elif not given.isascii() or not given.isprintable():
        raise _wrong("It has other characters than printable ASCII.", "Send the secret as the platform shows it.")
    elif connector in _IN_ADDRESS and not all(given.partition(":")[::2]):
        raise _wrong("It is no user and password.", f"Send it as {_USER}:PASSWORD.")
    return given


def enter_url(url: str, connector: str, secret: str) -> str:
    """The address as it is entered at the platform."""
    if connector not in _IN_ADDRESS:
        return url
    user, _, password = secret.partition(":")
    parts = urlsplit(url)
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()


def seal(sealed: SealedSecrets, known: list[Secret]) -> str:
    """As they are stored."""
    return sealed.seal(msgspec.json.encode(known))


def unseal(sealed: SealedSecrets, text: str) -> list[Secret]:
    """Raises UnavailableError where the key is gone."""
    return _DECODER.decode(sealed.open(text))


def good(known: list[Secret], now_ms: int) -> list[Secret]:
    """Those that may have signed now."""
    return [each for each in known if each.until_ms is None or each.until_ms > now_ms]


def rotated(known: list[Secret], new: str, until_ms: int, now_ms: int) -> list[Secret]:
    """``new`` in force, and the one before good until ``until_ms``; no old one becomes good for longer."""
    ended = [Secret(each.secret, min(each.until_ms or until_ms, until_ms)) for each in known]
    return [Secret(new), *good(ended, now_ms)][:_KEPT]


def _check_topic(given: str) -> None:
    arn, _, pem = given.partition("\n")
    try:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    except ValueError:
        raise _wrong("Its second part is no certificate.", _GIVEN["mturk"]) from None
    if not arn.startswith("arn:aws") or not isinstance(key, rsa.RSAPublicKey):
        raise _wrong("It is no topic of SNS with its certificate.", _GIVEN["mturk"])


def _wrong(what: str, remedy: str) -> FieldError:
    return FieldError(f"secret: {what}", field="secret", remedy=remedy)
