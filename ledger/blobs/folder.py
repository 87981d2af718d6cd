"""Files in a local folder: ``ab/cd/abcd...`` by digest, for the service's own user alone.

A file comes in under a random name in ``incoming`` and gets its real name when it is whole, hashed and on disk, so
that a name never leads to half a file. Processes that share the folder do not disturb each other: each holds a lock
(flock) on what it is writing, and what nobody holds a lock on was left by a crash.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeVar

from ledger.blobs.store import Blob, check_digest, too_large_file
from ledger.errors import ConfigError, FieldError, NotFoundError, QueueFullError, UnavailableError

CHUNK_BYTES: Final = 1024 * 1024
MAX_UPLOADS: Final = 64
"""Files that one process takes in at the same time."""
_SYNC_BYTES: Final = 64 * CHUNK_BYTES
"""Synced every so often, so that the last sync of a large file does not take minutes."""
_INCOMING: Final = "incoming"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class FolderStore:
    """A ``BlobStore`` in a folder, which is made when the first file comes. Its files are 0600, its folders 0700."""

    def __init__(self, path: Path) -> None:
        """Sweeps what a crash left. Raises ConfigError where ``path`` is no folder of ours to read and write."""
        self._root = path
        self._uploads = 0
        try:
            if path.exists():
                _check_access(path)
                _sweep(path / _INCOMING)
        except OSError as error:
            raise ConfigError(
                f"The folder of the files, {path}, cannot be used: {error.strerror}.",
                remedy="Set blob_folder to a folder that this user may read and write.",
            ) from error

    async def put(self, stream: AsyncIterable[bytes], *, limit_bytes: int, sha256: str | None = None) -> Blob:
        """See ``BlobStore.put``."""
        if self._uploads >= MAX_UPLOADS:
            raise QueueFullError(f"{MAX_UPLOADS} files are coming in already.")
        self._uploads += 1
        incoming: _Incoming | None = None
        try:
            incoming = await _on_disk(_Incoming, self._root)
            await _receive(stream, incoming, limit_bytes)
            blob = incoming.blob()
            if sha256 not in (None, blob.sha256):
                raise FieldError(
                    f"sha256: The {blob.bytes} bytes that came have the digest {blob.sha256}.",
                    field="sha256",
                    remedy="Hash the very bytes that you send, or send them again: they may have been cut or changed.",
                )
            await _on_disk(incoming.keep, self._place(blob.sha256))
            return blob
        finally:
            self._uploads -= 1
            if incoming is not None:
                await _on_disk(incoming.discard)

    async def open(self, sha256: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See ``BlobStore.open``."""
        file = await self._of(sha256, _open, begin)
        try:
            left = end - begin if end is not None else None
            while left is None or left > 0:
                chunk = await _on_disk(file.read, CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def exists(self, sha256: str) -> bool:
        """See ``BlobStore.exists``."""
        try:
            await self.size(sha256)
        except NotFoundError:
            return False
        return True

    async def size(self, sha256: str) -> int:
        """See ``BlobStore.size``."""
        return (await self._of(sha256, os.lstat)).st_size

    async def erase(self, sha256: str) -> None:
        """See ``BlobStore.erase``."""
        with suppress(NotFoundError):
            await self._of(sha256, _erase)

    def _place(self, sha256: str) -> Path:
        """Where a file of this digest stands. A digest that is none would lead elsewhere: NotFoundError."""
        check_digest(sha256)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    async def _of(self, sha256: str, function: Callable[..., Result], *arguments: object) -> Result:
        """``function`` of the file's path. Raises NotFoundError."""
        try:
            return await _on_disk(function, self._place(sha256), *arguments)
        except UnavailableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFoundError(f"The store has no file {sha256}.") from None
            raise


class _Incoming:
    """A file that is coming in. All its methods block and run in threads, one at a time."""

    def __init__(self, root: Path) -> None:
        folder = root / _INCOMING
        root.parent.mkdir(parents=True, exist_ok=True)
        _make_folders(root, folder)
        while True:
            self._path = folder / secrets.token_hex(16)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                break
            os.close(handle)  # another process swept it before we had the lock
        self._file = os.fdopen(handle, "wb")
        self._digest = hashlib.sha256()
        self._size = 0
        self._synced = 0

    def write(self, data: bytes | bytearray) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)
        if self._size - self._synced >= _SYNC_BYTES:
            self._sync()

    def blob(self) -> Blob:
        return Blob(self._digest.hexdigest(), self._size)

    def keep(self, place: Path) -> None:
        """Give the whole file its name, durably."""
        self._sync()
        root = place.parents[2]
        _make_folders(root, place.parents[1], place.parent)
        self._path.replace(place)
        _sync_folder(place.parent)

    def discard(self) -> None:
        """Close the file, and remove it unless it was kept."""
        with suppress(OSError):  # what could not be written before cannot be written now
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = self._size


async def _receive(stream: AsyncIterable[bytes], incoming: _Incoming, limit_bytes: int) -> None:
    """Write the stream by the chunk: one hop to a thread for many small pieces."""
    seen = 0
    waiting = bytearray()
    async for piece in stream:
        seen += len(piece)
        if seen > limit_bytes:
            raise too_large_file(limit_bytes)
        waiting += piece
        if len(waiting) >= CHUNK_BYTES:
            await _on_disk(incoming.write, waiting)
            waiting = bytearray()
    await _on_disk(incoming.write, waiting)


async def _on_disk(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """Run in a thread; what the disk refuses is an UnavailableError."""
    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except OSError as error:
        raise UnavailableError(
            f"The store of files failed: {error.strerror}.",
            remedy="Operator: check the disk and the rights of blob_folder. The same request can be sent again.",
        ) from error


def _open(path: Path, begin: int) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    file.seek(begin)
    return file


def _erase(path: Path) -> None:
    path.unlink()
    _sync_folder(path.parent)


def _make_folders(*folders: Path) -> None:
    """Make each of nested folders where it is missing, and have its name on disk."""
    for folder in folders:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_access(path: Path) -> None:
    os.listdir(path)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(13, "it may not be written")


def _sweep(folder: Path) -> None:
    """Remove the files that no living process is writing."""
    if not folder.exists():
        return
    for path in folder.iterdir():
        with suppress(FileNotFoundError, BlockingIOError):
            handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            finally:
                os.close(handle)
