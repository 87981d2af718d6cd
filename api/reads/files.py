"""Which platform uploaded which file. A platform's row is all that lets it see a file; the bytes are stored once.

Writing and erasing rows of one digest happen one after the other, and each looks at the bytes meanwhile: nobody's row
outlives its bytes, however uploads and erasures of the same file cross.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reads import Reads
from ledger.blobs.store import Blob, BlobStore
from ledger.db.checksums import checksum
from ledger.db.tables import files
from ledger.errors import RuleError, UnavailableError


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a platform: digest, size in bytes, media type; ``erased_ms`` since when its bytes are gone."""

    sha256: str
    bytes: int
    type: str
    erased_ms: int | None

    @property
    def content(self) -> dict[str, str | int]:
        """The file as the content of a task or contribution (FORMATS, Commitment)."""
        return {"sha256": self.sha256, "bytes": self.bytes, "type": self.type}


async def find(reads: Reads, platform: str, sha256: str) -> StoredFile | None:
    """A platform's file by its digest."""
    return _stored(await reads.one(select(files).where(_own(reads, platform, sha256))))


async def record(reads: Reads, blobs: BlobStore, platform: str, blob: Blob, media_type: str) -> bool:
    """Note that a platform uploaded what the store holds; whether it is new: False for the same again.

    Raises RuleError where the platform has it under another type, UnavailableError where the bytes were erased
    just now, by the last other platform that had them.
    """
    async with reads.database.begin() as connection:
        await _one_at_a_time(connection, blob.sha256)
        found = _stored((await connection.execute(select(files).where(_own(reads, platform, blob.sha256)))).first())
        if found is not None and found.erased_ms is None and found.type != media_type:
            raise RuleError(
                f"The file is stored with the type '{found.type}'.",
                rule="one-type-a-file",
                remedy=f"Send it with 'Content-Type: {found.type}', or erase it first.",
            )
        if not await blobs.exists(blob.sha256):
            raise UnavailableError("The same file was erased while this upload came in.")
        now_ms = time.time_ns() // 1_000_000
        made_of = checksum(platform, blob.sha256, blob.bytes, media_type, now_ms)
        values = {"bytes": blob.bytes, "type": media_type, "at_ms": now_ms, "erased_ms": None, "checksum": made_of}
        if found is None:
            row = {"log": reads.log, "platform": platform, "sha256": blob.sha256} | values
            await connection.execute(insert(files).values(row))
        elif found.erased_ms is not None:
            await connection.execute(update(files).where(_own(reads, platform, blob.sha256)).values(values))
    return found is None or found.erased_ms is not None


async def erase(reads: Reads, blobs: BlobStore, platform: str, sha256: str) -> StoredFile | None:
    """Take a file from a platform, and its bytes from the store unless somebody else has it; None without a row.

    The bytes go before the row says so: after a crash between the two the same request ends the work.
    """
    async with reads.database.begin() as connection:
        await _one_at_a_time(connection, sha256)
        found = _stored((await connection.execute(select(files).where(_own(reads, platform, sha256)))).first())
        if found is None:
            return None
        others = and_(
            files.c.sha256 == sha256,
            files.c.erased_ms.is_(None),
            or_(files.c.log != reads.log, files.c.platform != platform),
        )
        if (await connection.execute(select(files.c.platform).where(others).limit(1))).first() is None:
            await blobs.erase(sha256)
        if found.erased_ms is None:
            now_ms = time.time_ns() // 1_000_000
            await connection.execute(update(files).where(_own(reads, platform, sha256)).values({"erased_ms": now_ms}))
            return StoredFile(found.sha256, found.bytes, found.type, now_ms)
    return found


async def forget(reads: Reads, platform: str, sha256: str) -> None:
    """Take away that a platform ever had a file that was erased: its digest says what it was to who can guess it."""
    async with reads.database.begin() as connection:
        await connection.execute(delete(files).where(_own(reads, platform, sha256), files.c.erased_ms.is_not(None)))


async def _one_at_a_time(connection: AsyncConnection, sha256: str) -> None:
    """Wait for other transactions about this digest; on SQLite a transaction that writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)
        await connection.execute(select(func.pg_advisory_xact_lock(key)))


def _own(reads: Reads, platform: str, sha256: str) -> ColumnElement[bool]:
    return and_(files.c.log == reads.log, files.c.platform == platform, files.c.sha256 == sha256)


def _stored(row: Row[Any] | None) -> StoredFile | None:
    return None if row is None else StoredFile(row.sha256, row.bytes, row.type, row.erased_ms)
