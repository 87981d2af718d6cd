"""Bodies of the hot paths: decoded by msgspec from the bytes, a batch item by item where one is wrong."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from api.edge import body_limit, too_large
from api.problems import decoding_error
from ledger.errors import CrowdLedgerError, FieldError, FormatError, TooLargeError
from ledger.statements.canonical import Document, JsonValue
from ledger.wire import MAX_BATCH_ITEMS, MAX_CONTENT_BYTES

Decoded = TypeVar("Decoded", bound=msgspec.Struct)
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


_ENVELOPE = msgspec.json.Decoder(_Envelope)


async def read_body(request: Request) -> bytes:
    """The whole body, which most often comes in one piece. Raises TooLargeError, ClientDisconnect."""
    limit = body_limit(request.scope["path"])
    parts = []
    seen = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        seen += len(part)
        if seen > limit:
            raise too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def read_one(request: Request, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """The one item of a body. Raises MalformedError or FieldError."""
    return decode(await read_body(request), decoder)


def decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """The item in ``body``. Raises MalformedError or FieldError."""
    try:
        return decoder.decode(body)
    except _WRONG as error:
        raise decoding_error(error) from error


async def read_batch(request: Request, decoder: msgspec.json.Decoder[Decoded]) -> list[Decoded | CrowdLedgerError]:
    """The items of ``{"items": [...]}`` in order, each decoded or its own error.

    Raises MalformedError or FieldError for the envelope, TooLargeError for more than 1,000 items.
    """
    return [_decode(item, decoder) for item in await read_items(request)]


async def read_items(request: Request) -> list[msgspec.Raw]:
    """The items of ``{"items": [...]}``, not decoded yet. Raises as ``read_batch``."""
    body = await read_body(request)
    try:
        items = _ENVELOPE.decode(body).items
    except _WRONG as error:
        raise decoding_error(error) from error
    if len(items) > MAX_BATCH_ITEMS:
        raise TooLargeError(
            f"The batch has {len(items)} items; {MAX_BATCH_ITEMS} are allowed.",
            remedy=f"Send at most {MAX_BATCH_ITEMS} items at a time.",
            limit=MAX_BATCH_ITEMS,
        )
    return items


def document(value: JsonValue, field: str) -> Document | None:
    """The canonical form of ``value``, None of null. Raises FieldError unless it has one, of at most 256 KiB."""
    if value is None:
        return None
    try:
        made = Document.parsed(value)
    except FormatError as error:
        raise FieldError(f"{field}: {error.detail}", field=field, remedy=error.remedy) from error
    if len(made.data) > MAX_CONTENT_BYTES:
        raise FieldError(
            f"{field}: It has {len(made.data)} bytes; {MAX_CONTENT_BYTES} are allowed.",
            field=field,
            remedy="Send large work as a file: its sha256, bytes and type.",
            limit=MAX_CONTENT_BYTES,
        )
    return made


def _decode(item: msgspec.Raw, decoder: msgspec.json.Decoder[Decoded]) -> Decoded | CrowdLedgerError:
    try:
        return decode(item, decoder)
    except CrowdLedgerError as error:
        return error
