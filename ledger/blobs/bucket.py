"""Files in a bucket of an object store: ``ab/cd/abcd...`` by digest below the prefix, as in a folder.

Nothing gets a digest's name that was not hashed to it. A file that fits into one part is sent as a whole when it is
whole; a longer one in parts, which the store makes a file of at the end. Where its digest is not known before, it comes
in under a random name in ``incoming`` and is copied, in the store itself, when it is. No local disk is used.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from ledger.blobs.s3 import Bucket
from ledger.blobs.store import Blob, check_digest, too_large_file
from ledger.errors import ConfigError, FieldError, NotFoundError, QueueFullError, UnavailableError

CHUNK_BYTES: Final = 1024 * 1024
PART_BYTES: Final = 8 * CHUNK_BYTES
"""What of each file stands in memory while it comes in; more only where ``limit_bytes`` needs larger parts."""
_MAX_PARTS: Final = 10_000
_MAX_FILE_BYTES: Final = 5 * 1024**4
"""docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts: parts of a file, and its size."""
MAX_UPLOADS: Final = 32
"""Files that one process takes in at the same time."""
_THREADS: Final = 32
_INCOMING: Final = "incoming"

Result = TypeVar("Result")


class BucketStore:
    """A ``BlobStore`` in ``s3://BUCKET/PREFIX``."""

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the bucket is not there or not ours to use; that it is down now is no reason."""
        self._bucket = Bucket(address, _THREADS)
        with suppress(UnavailableError):
            self._bucket.check()
        # Its own: a store that is slow to answer must not take the threads that others need.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bucket")
        self._uploads = 0

    async def put(self, stream: AsyncIterable[bytes], *, limit_bytes: int, sha256: str | None = None) -> Blob:
        """See ``BlobStore.put``."""
        if self._uploads >= MAX_UPLOADS:
            raise QueueFullError(f"{MAX_UPLOADS} files are coming in already.")
        coming = _Coming(self, limit_bytes, sha256)
        self._uploads += 1
        try:
            async for piece in stream:
                await coming.take(piece)
            return await coming.keep()
        except BaseException:
            await coming.discard()
            raise
        finally:
            self._uploads -= 1

    async def open(self, sha256: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See ``BlobStore.open``."""
        size = await self.size(sha256)
        end = size if end is None else min(end, size)
        if begin >= end:
            return
        asked = {"Range": f"bytes={begin}-{end - 1}"}
        body = (await self.call("get_object", place_of(sha256), **asked))["Body"]
        try:
            while chunk := await self.run(self._read, body):
                yield chunk
        finally:
            body.close()

    async def exists(self, sha256: str) -> bool:
        """See ``BlobStore.exists``."""
        try:
            await self.size(sha256)
        except NotFoundError:
            return False
        return True

    async def size(self, sha256: str) -> int:
        """See ``BlobStore.size``."""
        try:
            return int((await self.call("head_object", place_of(sha256)))["ContentLength"])
        except NotFoundError:
            raise NotFoundError(f"The store has no file {sha256}.") from None

    async def erase(self, sha256: str) -> None:
        """See ``BlobStore.erase``. Goes through all versions of the file, where the bucket keeps them."""
        with suppress(NotFoundError):
            await self.discard(place_of(sha256))

    async def call(self, operation: str, path: str, **arguments: Any) -> Any:
        """The reply to an operation on an object of the bucket."""
        return await self.run(partial(self._bucket.call, operation, path, **arguments))

    async def move(self, path: str, target: str) -> None:
        """Give an object another name."""
        await self.run(self._bucket.copy, path, target)
        await self.discard(path)

    async def discard(self, path: str) -> None:
        """Remove an object for good."""
        await self.run(self._bucket.erase, path)

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run in a thread, to its end even where nobody waits for it any more: what it sends could not be undone else.

        A refusal is an UnavailableError: the request was right, it is the operator who must look.
        """
        running = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.gather(running, return_exceptions=True)
            raise
        except ConfigError as error:
            raise UnavailableError(f"The store of files failed: {error.detail}", remedy=error.remedy) from error

    def _read(self, body: Any) -> bytes:
        with self._bucket.answering():
            data: bytes = body.read(CHUNK_BYTES)
            return data


class _Coming:
    """A file that is coming in."""

    def __init__(self, store: BucketStore, limit_bytes: int, sha256: str | None) -> None:
        self._store, self._limit, self._expected = store, limit_bytes, sha256
        # All parts but the last have one size, as some servers ask.
        self._part_bytes = max(PART_BYTES, -(-min(limit_bytes, _MAX_FILE_BYTES) // _MAX_PARTS))
        self._place = f"{_INCOMING}/{secrets.token_hex(16)}" if sha256 is None else place_of(sha256)
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    async def take(self, piece: bytes) -> None:
        """More of the file. Raises TooLargeError."""
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large_file(self._limit)
        left = memoryview(piece)
        while left:
            if len(self._waiting) == self._part_bytes:
                await self._send(await self._hashed())
            room = self._part_bytes - len(self._waiting)
            self._waiting += left[:room]
            left = left[room:]

    async def keep(self) -> Blob:
        """It is whole: give it its name. Raises FieldError where it has another digest than expected."""
        last = await self._hashed()
        blob = Blob(self._digest.hexdigest(), self._size)
        if self._expected not in (None, blob.sha256):
            raise FieldError(
                f"sha256: The {blob.bytes} bytes that came have the digest {blob.sha256}.",
                field="sha256",
                remedy="Hash the very bytes that you send, or send them again: they may have been cut or changed.",
            )
        place = place_of(blob.sha256)
        if self._upload is None:
            await self._store.call("put_object", place, Body=last)
            return blob
        await self._send(last)
        await self._of_upload("complete_multipart_upload", MultipartUpload={"Parts": self._parts})
        if self._expected is None:
            await self._store.move(self._place, place)
        return blob

    async def discard(self) -> None:
        """Leave nothing. Where the store does not answer either, its own rules remove it (docs/configuration.md)."""
        if self._upload is None:
            return
        with suppress(UnavailableError, NotFoundError):
            await self._of_upload("abort_multipart_upload")
        if self._expected is None:
            with suppress(UnavailableError, NotFoundError):
                await self._store.discard(self._place)

    async def _hashed(self) -> bytearray:
        part, self._waiting = self._waiting, bytearray()
        await self._store.run(self._digest.update, part)
        return part

    async def _send(self, part: bytearray) -> None:
        if self._upload is None:
            self._upload = str((await self._store.call("create_multipart_upload", self._place))["UploadId"])
        number = len(self._parts) + 1
        reply = await self._of_upload("upload_part", PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": reply["ETag"]})

    async def _of_upload(self, operation: str, **arguments: Any) -> Any:
        return await self._store.call(operation, self._place, UploadId=self._upload, **arguments)


def place_of(sha256: str) -> str:
    """Where a file of this digest stands below the prefix. NotFoundError for what is no digest."""
    check_digest(sha256)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
