"""What goes into a batch and what comes out of it, and the error in any reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from ledger import wire
from ledger.errors import CrowdLedgerError
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
    return wire.Written.model_validate(members) if item.code in (200, 201) else error_of(members, item.code)


def error_in(reply: httpx.Response) -> CrowdLedgerError:
    """The error that a reply tells of."""
    try:
        members = msgspec.json.decode(reply.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        members = {}
    return error_of(members if isinstance(members, dict) else {}, reply.status_code)
