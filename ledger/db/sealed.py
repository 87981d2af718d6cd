"""Secrets that must be read again (those of webhooks) are stored sealed: a copy of the database gives none away.

Fernet (github.com/fernet/spec: AES-128-CBC with HMAC-SHA256) by the library ``cryptography``. The file has a key a
line; the first seals, all of them open: a new one is put in front, and the old ones are taken away once all is sealed
anew.
"""

from __future__ import annotations

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ledger.errors import ConfigError, UnavailableError

MAX_KEYS: Final = 16


class SealedSecrets:
    """Seals and opens with the keys of one file."""

    def __init__(self, file: bytes) -> None:
        """``file`` is the content of ``secrets_key_file``. Raises ConfigError, which never repeats it."""
        lines = [line.strip() for line in file.splitlines() if line.strip()]
        if not 1 <= len(lines) <= MAX_KEYS:
            raise ConfigError(f"secrets_key_file: it has {len(lines)} keys.", remedy=_REMEDY)
        try:
            keys = [Fernet(line) for line in lines]
        except ValueError:
            raise ConfigError("secrets_key_file: a line is no key.", remedy=_REMEDY) from None
        self._first = keys[0]
        self._keys = MultiFernet(keys)

    def __repr__(self) -> str:
        return "SealedSecrets()"

    def seal(self, secret: bytes) -> str:
        """The secret as it is stored: ASCII text, another one each time."""
        return self._keys.encrypt(secret).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """The secret. Raises UnavailableError where no key of the file fits: an operator has to put it back."""
        try:
            return self._keys.decrypt(sealed.encode("ascii", "replace"))
        except InvalidToken:
            raise UnavailableError(
                "A stored secret was sealed with a key that is not there.",
                remedy="Operator: put the key back into secrets_key_file, or make this hook or endpoint anew.",
            ) from None

    def renew(self, sealed: str) -> str:
        """The same secret sealed with the first key; the same text where it is. Raises UnavailableError as ``open``."""
        try:
            self._first.decrypt(sealed.encode("ascii", "replace"))
        except InvalidToken:
            return self.seal(self.open(sealed))
        return sealed


def new_key() -> bytes:
    """A new key: one line of the file."""
    return Fernet.generate_key() + b"\n"


_REMEDY: Final = "Make the file with 'crowdledger key sealing FILE': a key a line, the newest first."
