"""What every store of files does. A file is named by its SHA-256 alone; who may see it is decided elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import NotFoundError, ProofError, TooLargeError

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: its SHA-256 (64 lower-case hex digits) and its size in bytes."""

    sha256: str
    bytes: int


class BlobStore(Protocol):
    """Streams in, streams out. Every method raises UnavailableError where the store cannot be read or written."""

    async def put(self, stream: AsyncIterable[bytes], *, limit_bytes: int, sha256: str | None = None) -> Blob:
        """Store what ``stream`` gives, durably; the same bytes again replace themselves.

        Nothing is left where the stream fails, is longer than ``limit_bytes`` (TooLargeError) or has another digest
        than the ``sha256`` that the caller expects (FieldError). QueueFullError where too many come in at once.
        """
        ...

    def open(self, sha256: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``begin`` up to, not including, ``end`` in chunks. Raises NotFoundError at the first one."""
        ...

    async def exists(self, sha256: str) -> bool:
        """Whether the store holds the file."""
        ...

    async def size(self, sha256: str) -> int:
        """The file's size in bytes. Raises NotFoundError."""
        ...

    async def erase(self, sha256: str) -> None:
        """Remove the file for good; nothing happens where there is none."""
        ...


def check_digest(text: str) -> str:
    """``text`` if it has the form of a digest; otherwise nothing can be found under it (NotFoundError)."""
    if not _DIGEST.fullmatch(text):
        raise NotFoundError(
            "There is no file of this digest: it is not 64 lower-case hex digits.",
            remedy="Name a file by its SHA-256, as the reply to its upload gives it.",
        )
    return text


def too_large_file(limit_bytes: int) -> TooLargeError:
    """The refusal of a file that is longer than ``limit_bytes``."""
    return TooLargeError(
        f"The file has more than {limit_bytes} bytes.",
        remedy="Split it, or ask the operator for a larger max_file_bytes.",
        limit=limit_bytes,
    )


async def verify(store: BlobStore, sha256: str) -> int:
    """Hash a stored file anew and give its size. Raises NotFoundError, and ProofError if it is not itself any more."""
    digest = hashlib.sha256()
    size = 0
    async for chunk in store.open(sha256):
        digest.update(chunk)
        size += len(chunk)
    if not hmac.compare_digest(digest.hexdigest(), sha256):
        raise ProofError(
            f"The stored file {sha256} has the digest {digest.hexdigest()}.",
            remedy="The disk or somebody changed it: restore it from a backup, or upload it again.",
        )
    return size
