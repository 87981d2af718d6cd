"""Checksums of what no statement and no hash binds, so that a damaged row is told from a sound one.

They find accidents, not malice: whoever can write a row can write its checksum.
"""

from __future__ import annotations

import zlib
from typing import Final

CHECKED: Final[dict[str, tuple[str, ...]]] = {
    "api_keys": ("id", "digest"),
    "campaigns": ("id", "title"),
    "contributors": ("platform", "external_id", "id"),
    "externals": ("platform", "kind", "external_id", "subject", "entry_index", "salt", "fingerprint"),
    "files": ("platform", "sha256", "bytes", "type", "at_ms"),
    "mandates": ("id", "digest"),
    "members": ("id", "platform", "name", "role", "wallet", "at_ms"),
    "restored": ("first_index", "last_index", "at_ms", "source"),
    "results": ("id", "public"),
    "sessions": ("digest", "platform", "contributor", "expires_ms"),
    "sign_in_links": ("digest", "platform", "contributor", "expires_ms"),
}
"""By table: the columns whose values its ``checksum`` is of, in this order. None of them ever changes without it."""


def checksum(*values: str | int | bytes) -> int:
    """CRC-32 (zlib) of the values, texts as UTF-8 and numbers as decimal digits, with zero bytes between them.

    A flag is given as 0 or 1. A damaged text, of bytes that are no UTF-8, has a checksum too.
    """
    return zlib.crc32(
        b"\0".join([value if type(value) is bytes else str(value).encode(errors="surrogateescape") for value in values])
    )
