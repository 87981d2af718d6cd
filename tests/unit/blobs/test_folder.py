"""The folder of files: what is stored is whole, what is cut leaves nothing, nobody else may read."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.blobs import folder
from ledger.blobs.folder import CHUNK_BYTES, FolderStore
from ledger.blobs.store import Blob, verify
from ledger.errors import (
    ConfigError,
    FieldError,
    NotFoundError,
    ProofError,
    QueueFullError,
    TooLargeError,
    UnavailableError,
)

HELLO = hashlib.sha256(b"hello").hexdigest()
LIMIT = 1 << 40


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def broken(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    raise ConnectionResetError("the line is dead")


async def read(store: FolderStore, sha256: str, begin: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.open(sha256, begin, end)])


def files(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "blobs")


async def test_a_file_goes_in_and_comes_out(store: FolderStore, tmp_path: Path) -> None:
    assert not (tmp_path / "blobs").exists()  # made when the first file comes
    assert not await store.exists(HELLO)
    blob = await store.put(stream(b"he", b"", b"llo"), limit_bytes=5, sha256=HELLO)
    assert blob == Blob(HELLO, 5)
    assert await store.put(stream(b"hello"), limit_bytes=5) == blob
    assert await store.exists(HELLO)
    assert await store.size(HELLO) == 5
    assert await read(store, HELLO) == b"hello"
    assert await verify(store, HELLO) == 5
    assert files(tmp_path / "blobs") == [f"{HELLO[:2]}/{HELLO[2:4]}/{HELLO}"]
    await store.erase(HELLO)
    await store.erase(HELLO)
    assert files(tmp_path) == []
    for gone in (store.size(HELLO), verify(store, HELLO)):
        with pytest.raises(NotFoundError):
            await gone


async def test_the_empty_file(store: FolderStore) -> None:
    blob = await store.put(stream(), limit_bytes=0)
    assert blob == Blob(hashlib.sha256().hexdigest(), 0)
    assert await read(store, blob.sha256) == b""
    assert await verify(store, blob.sha256) == 0


async def test_large_files_and_their_parts(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_SYNC_BYTES", CHUNK_BYTES)  # the sync on the way is passed too
    data = os.urandom(3 * CHUNK_BYTES + 17)
    blob = await store.put(stream(data[:CHUNK_BYTES], data[CHUNK_BYTES:-1], data[-1:]), limit_bytes=len(data))
    assert await read(store, blob.sha256) == data
    for begin, end in ((0, 1), (5, CHUNK_BYTES + 5), (len(data) - 1, len(data)), (7, 7), (0, len(data) + 9)):
        assert await read(store, blob.sha256, begin, end) == data[begin:end]
    assert await read(store, blob.sha256, 2 * CHUNK_BYTES) == data[2 * CHUNK_BYTES :]


async def test_only_the_owner_may_read(store: FolderStore, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await store.put(stream(b"hello"), limit_bytes=5)
    finally:
        os.umask(before)
    for path in [tmp_path / "blobs", *(tmp_path / "blobs").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_what_is_cut_too_long_or_another_file_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await store.put(broken(b"hel", bytes(CHUNK_BYTES)), limit_bytes=LIMIT)
    with pytest.raises(TooLargeError) as large:
        await store.put(stream(b"hel", b"lo"), limit_bytes=4)
    assert large.value.members["limit"] == 4
    with pytest.raises(FieldError) as wrong:
        await store.put(stream(b"hallo"), limit_bytes=5, sha256=HELLO)
    assert wrong.value.field == "sha256"
    assert files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    coming = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(CHUNK_BYTES)
            coming.set()

    task = asyncio.create_task(store.put(endless(), limit_bytes=LIMIT))
    await coming.wait()
    assert files(tmp_path) != []
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_an_endless_stream_is_not_read_on(store: FolderStore) -> None:
    given_out = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given_out
        while True:
            given_out += 1
            yield bytes(1000)

    with pytest.raises(TooLargeError):
        await store.put(endless(), limit_bytes=10_000)
    assert given_out == 11


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../../etc/passwd", "/etc/passwd", HELLO.upper(), HELLO[:-1], HELLO + "0", HELLO + "\n",
     HELLO[:-1] + "\x00", "aa/../" + HELLO[6:], "٣" * 64],
)  # fmt: skip
async def test_a_name_that_is_no_digest_leads_nowhere(store: FolderStore, tmp_path: Path, name: str) -> None:
    await store.put(stream(b"hello"), limit_bytes=5)
    before = files(tmp_path)
    for attempt in (store.size(name), read(store, name), store.put(stream(b"x"), limit_bytes=5, sha256=name)):
        with pytest.raises((NotFoundError, FieldError)):
            await attempt
    assert not await store.exists(name)
    await store.erase(name)
    assert files(tmp_path) == before


async def test_a_changed_file_is_noticed(store: FolderStore, tmp_path: Path) -> None:
    await store.put(stream(b"hello"), limit_bytes=5)
    place = tmp_path / "blobs" / HELLO[:2] / HELLO[2:4] / HELLO
    place.write_bytes(b"hallo")
    with pytest.raises(ProofError):
        await verify(store, HELLO)
    await store.put(stream(b"hello"), limit_bytes=5)
    assert await verify(store, HELLO) == 5


async def test_a_link_is_not_followed(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hello")
    place = tmp_path / "blobs" / HELLO[:2] / HELLO[2:4]
    place.mkdir(parents=True)
    (place / HELLO).symlink_to(tmp_path / "secret")
    with pytest.raises(UnavailableError):
        await read(store, HELLO)


async def test_leftovers_are_swept_at_the_start_and_work_under_way_is_not(store: FolderStore, tmp_path: Path) -> None:
    await store.put(stream(b"hello"), limit_bytes=5)
    incoming = tmp_path / "blobs" / "incoming"
    (incoming / "left").write_bytes(b"half a fi")
    with (incoming / "written").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        again = FolderStore(tmp_path / "blobs")
        assert files(incoming) == ["written"]
    FolderStore(tmp_path / "blobs")
    assert files(incoming) == []
    assert await verify(again, HELLO) == 5


def test_a_killed_process_leaves_no_named_half(tmp_path: Path) -> None:
    """A real process that is killed while it writes, while another one starts on the same folder."""
    code = f"""
import asyncio, sys
from pathlib import Path
from ledger.blobs.folder import FolderStore

async def slow():
    while True:
        yield bytes({CHUNK_BYTES})
        print("written", flush=True)
        await asyncio.sleep(0.01)

asyncio.run(FolderStore(Path({str(tmp_path / "blobs")!r})).put(slow(), limit_bytes=1 << 40))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == b"written\n"
        FolderStore(tmp_path / "blobs")
        assert len(files(tmp_path / "blobs")) == 1  # it is still being written
        process.send_signal(signal.SIGKILL)
    assert len(files(tmp_path / "blobs")) == 1
    FolderStore(tmp_path / "blobs")
    assert files(tmp_path / "blobs") == []


async def test_a_full_disk_is_said_and_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    """The system's limit on the size of a file stands in for the end of the disk: EFBIG instead of ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK_BYTES, before[1]))
    try:
        with pytest.raises(UnavailableError, match="too large"):
            await store.put(stream(bytes(4 * CHUNK_BYTES)), limit_bytes=LIMIT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert files(tmp_path) == []


async def test_too_many_at_once(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_UPLOADS", 2)
    gate = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        await gate.wait()
        yield b"hello"

    tasks = [asyncio.create_task(store.put(waiting(), limit_bytes=5)) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(QueueFullError):
        await store.put(stream(b"hello"), limit_bytes=5)
    gate.set()
    assert await asyncio.gather(*tasks) == [Blob(HELLO, 5)] * 2
    assert await store.put(stream(b"hello"), limit_bytes=5) == Blob(HELLO, 5)


async def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="blob_folder"):
        FolderStore(tmp_path / "file")


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 300), st.integers(0, 300))
def test_any_pieces_and_any_part(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], begin: int, end: int
) -> None:
    data = b"".join(pieces)
    store = FolderStore(tmp_path_factory.getbasetemp() / "any-pieces")

    async def check() -> None:
        blob = await store.put(stream(*pieces), limit_bytes=len(data))
        assert blob == Blob(hashlib.sha256(data).hexdigest(), len(data))
        assert await read(store, blob.sha256, begin, end) == data[begin:end]

    asyncio.run(check())
