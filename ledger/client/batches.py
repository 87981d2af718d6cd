"""What goes into a batch and what comes out of it, and the error in any reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import httpx
import msgspec
from pydantic import ValidationError

from ledger import wire
from ledger.errors import CrowdLedgerError, FormatError
from ledger.wire.problems import error_of

_BATCH_BYTES: Final = wire.MAX_BATCH_BYTES // 2
_ENCODER: Final = msgspec.json.Encoder()


class Item(NamedTuple):
    """Something new as it is sent; with an ``external_id`` it may be sent again."""

    body: bytes
    repeatable: bool
    new: wire.Model | msgspec.Struct

    @classmethod
    def of(cls, new: wire.Model | msgspec.Struct) -> Item:
        """Encode it."""
        if isinstance(new, msgspec.Struct):
            body = _ENCODER.encode(new)
        else:
            body = new.model_dump_json(exclude_none=True).encode()
        return cls(body, getattr(new, "external_id", None) is not None, new)


def items_of(new: Iterable[wire.Model | msgspec.Struct]) -> Iterator[Item]:
    """All of them, encoded as they are asked for."""
    return map(Item.of, new)


def parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Batches within the limits of number and bytes."""
    part: list[Item] = []
    size = 0
    for item in items:
        if part and (len(part) == wire.MAX_BATCH_ITEMS or size + len(item.body) > _BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item.body)
    if part:
        yield part


def result(item: wire.BatchItem) -> wire.Written | CrowdLedgerError:
    """What became of an item."""
    members: dict[str, Any] = dict(item.model_extra or {})
    if item.code not in (200, 201):
        return error_of(members, item.code)
    try:
        return wire.Written.model_validate(members)
    except ValidationError as error:
        raise unknown("A result of a batch", error) from None


def unknown(what: str, error: ValidationError) -> FormatError:
    """The error for ``what`` the service sent and no model takes; of its values, which may be secret, it shows none."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return FormatError(
        f"{what} is not what this client knows: {where + ': ' if where else ''}{first['msg']}.",
        remedy="Use client and service of the same version.",
    )


def object_of(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises FormatError for anything else, naming ``what`` it should be."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        members = msgspec.json.decode(data)
        if isinstance(members, dict):
            return members
    raise FormatError(f"{what} is no JSON object.", remedy="Ask again; use client and service of the same version.")


def error_in(reply: httpx.Response) -> CrowdLedgerError:
    """The error that a reply tells of."""
    try:
        members = object_of(reply.content, "The problem")
    except FormatError:
        members = {}
    return error_of(members, reply.status_code)
