"""Commitments: content bound to its author and place, hidden until it is opened (FORMATS, Commitment).

``commitment = SHA256(0x43 || salt || preimage)``, where the preimage is the canonical JSON of purpose, log, campaign,
task, contributor, subject and content. The 32-byte random salt hides even a yes or no; the place in the preimage
makes a copied commitment useless to anybody else.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

import msgspec
import orjson

from ledger.errors import FormatError, ProofError
from ledger.statements import canonical
from ledger.statements.canonical import Document, JsonValue
from ledger.statements.contents import Purpose

SALT_BYTES = 32
_PREFIX = b"\x43"
_VERSION = Document(b"1")


class Place(NamedTuple):
    """Where content belongs. ``subject`` is the id that feedback, an appeal, inputs or a result is about."""

    purpose: Purpose
    log: str
    campaign: str
    task: str | None = None
    contributor: str | None = None
    subject: str | None = None


class Opening(msgspec.Struct, frozen=True, gc=False):
    """Salt (32 bytes) and preimage (canonical JSON): private to the contributor; together they show the content."""

    salt: bytes
    preimage: bytes

    @property
    def commitment(self) -> str:
        """The commitment that this opens, 64 hex digits."""
        return hashlib.sha256(_PREFIX + self.salt + self.preimage).hexdigest()

    def encode(self) -> bytes:
        """The opening's file: canonical JSON of ``{"v":1,"salt","preimage"}``."""
        members = {"preimage": self.preimage.decode(), "salt": self.salt.hex(), "v": 1}  # sorted, and strings: RFC 8785
        return orjson.dumps(members)

    @classmethod
    def parse(cls, data: bytes) -> Opening:
        """Read an opening's file. Raises FormatError for anything that ``encode`` does not write."""
        value = canonical.decode(data)
        if not isinstance(value, dict) or value.keys() != {"v", "salt", "preimage"} or value["v"] != 1:
            raise FormatError("This is not an opening: it needs exactly the members v (1), salt and preimage.")
        salt, preimage = value["salt"], value["preimage"]
        if value["v"] is True or not isinstance(salt, str) or not isinstance(preimage, str):
            raise FormatError("This is not an opening: salt and preimage are strings.")
        return cls(parse_salt(salt), preimage.encode())

    def content(self) -> JsonValue:
        """What was committed to. Raises FormatError if the preimage is not a commitment's."""
        value = canonical.decode(self.preimage)
        if not isinstance(value, dict) or value.get("v") != 1 or value["v"] is True or "content" not in value:
            raise FormatError("The opening's preimage is not one of a commitment.")
        return value["content"]


class _Content(msgspec.Struct, gc=False):
    """Of a preimage, the content alone."""

    content: msgspec.Raw


_CONTENT = msgspec.json.Decoder(_Content)


def content_bytes(preimage: bytes) -> bytes:
    """The canonical JSON of the content in a preimage, as it stands there, for whoever reads very many of them.

    Raises FormatError if there is none.
    """
    try:
        return bytes(_CONTENT.decode(preimage).content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("The opening's preimage is not one of a commitment.") from error


def parse_salt(text: str) -> bytes:
    """The 32 bytes of 64 lower-case hex digits. Raises FormatError."""
    if len(text) != 2 * SALT_BYTES or not set(text) <= set("0123456789abcdef"):
        raise FormatError("A salt is 64 lower-case hex digits.", remedy="Make it from 32 random bytes.")
    return bytes.fromhex(text)


def commit(place: Place, content: JsonValue | Document, salt: bytes) -> Opening:
    """The opening of ``content`` at ``place``; its ``commitment`` goes into the statement. Raises FormatError."""
    if len(salt) != SALT_BYTES:
        raise FormatError(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    preimage: dict[str, JsonValue | Document] = {
        "v": _VERSION,
        "purpose": place.purpose,
        "log": place.log,
        "campaign": place.campaign,
        "content": content,
    }
    if place.task is not None:
        preimage["task"] = place.task
    if place.contributor is not None:
        preimage["contributor"] = place.contributor
    if place.subject is not None:
        preimage["subject"] = place.subject
    return Opening(salt, canonical.encode(preimage))


def verify_opening(opening: Opening, commitment: str) -> JsonValue:
    """The content, once the opening is shown to match ``commitment``; raises ProofError if it does not."""
    if not hmac.compare_digest(opening.commitment, commitment):
        raise ProofError("The opening does not match the commitment in the statement.")
    return opening.content()
