"""Results that the service makes of what stands as accepted, and documents too large for one content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from api.reads import files
from api.reads.accepted import accepted
from api.service import Service
from ledger.book.campaigns import Campaign
from ledger.consensus import tally
from ledger.consensus.tally import Making, Part
from ledger.errors import FieldError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.wire import MAX_CONTENT_BYTES
from ledger.wire.results import MAX_RESULT_ENTRIES

_MAX_MADE_BYTES: Final = 64 * 1024 * 1024
_FILE: Final = {"sha256", "bytes", "type"}


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and the contributions that it was made from in the order of the log."""

    document: JsonValue
    entries: tuple[str, ...]


async def make(service: Service, campaign: Campaign, making: Making, field: str | None, now_ms: int) -> Made:
    """Assemble a document. What was erased cannot be counted and is left out. Raises FieldError."""
    parts: list[Part] = []
    size = 0
    async for each in accepted(service.reads, campaign, now_ms):
        content: JsonValue = None
        if making != "ranking":
            if each.opening is None:
                continue
            content = each.opening.content()
            size += len(each.opening.preimage)
        parts.append(Part(each.id, each.task, content, each.score))
        if len(parts) > MAX_RESULT_ENTRIES or size > _MAX_MADE_BYTES:
            raise FieldError(
                f"make: There is more than {MAX_RESULT_ENTRIES} contributions or {_MAX_MADE_BYTES} bytes to assemble.",
                field="make",
                remedy="Assemble it from GET /v1/campaigns/{campaign}/export and publish your own document.",
            )
    if not parts:
        raise FieldError(
            "make: Nothing stands as accepted yet.", field="make", remedy="Publish a result once there is something."
        )
    document = await asyncio.to_thread(tally.document, making, parts, field)
    return Made(document, tuple(part.contribution for part in parts))


async def fit(service: Service, platform: str, document: JsonValue) -> JsonValue:
    """The content of the result: the document, or where it is too large the file that holds its canonical JSON."""
    data = await asyncio.to_thread(canonical.encode, document)
    if len(data) <= MAX_CONTENT_BYTES:
        return document
    blob = await service.blobs.put(_once(data), limit_bytes=len(data), sha256=None)
    await files.record(service.reads, service.blobs, platform, blob, "application/json")
    return {"sha256": blob.sha256, "bytes": blob.bytes, "type": "application/json"}


def file_of(content: JsonValue) -> str | None:
    """The digest of the file that a result's content names; None where it is the document itself."""
    if isinstance(content, dict) and content.keys() == _FILE and isinstance(content["sha256"], str):
        return content["sha256"]
    return None


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
