"""Bodies of the hot paths: decoded by msgspec from the bytes, a batch item by item where one is wrong."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from api.problems import decoding_error
from ledger.errors import CrowdLedgerError, FieldError, FormatError, TooLargeError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.wire import MAX_BATCH_ITEMS, MAX_CONTENT_BYTES

Decoded = TypeVar("Decoded", bound=msgspec.Struct)
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


_ENVELOPE = msgspec.json.Decoder(_Envelope)


async def read_one(request: Request, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """The one item of a body. Raises MalformedError or FieldError."""
    body = await request.body()
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
    body = await request.body()
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


def check_document(value: JsonValue, field: str) -> None:
    """Raise FieldError unless ``value`` has a canonical form of at most 256 KiB."""
    try:
        size = len(canonical.encode(value))
    except FormatError as error:
        raise FieldError(f"{field}: {error.detail}", field=field, remedy=error.remedy) from error
    if size > MAX_CONTENT_BYTES:
        raise FieldError(
            f"{field}: It has {size} bytes; {MAX_CONTENT_BYTES} are allowed.",
            field=field,
            remedy="Send large work as a file: its sha256, bytes and type.",
            limit=MAX_CONTENT_BYTES,
        )


def _decode(item: msgspec.Raw, decoder: msgspec.json.Decoder[Decoded]) -> Decoded | CrowdLedgerError:
    try:
        return decoder.decode(item)
    except _WRONG as error:
        return decoding_error(error)
