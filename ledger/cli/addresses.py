"""Addresses as users type them."""

from __future__ import annotations

import re

from ledger.errors import ConfigError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def parse_address(text: str) -> str:
    """``0x`` and 40 hex digits, in lower case. Raises ConfigError; with mixed case EIP-55 must hold."""
    from ledger.statements.sign_in import checksum_address

    if not _ADDRESS.fullmatch(text):
        raise ConfigError(f"'{text}' is not an address.", remedy="Give 0x and 40 hex digits.")
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and text != checksum_address(text.lower()):
        raise ConfigError(f"'{text}' has a typing error: its capitals are wrong (EIP-55).", remedy="Copy it anew.")
    return text.lower()
