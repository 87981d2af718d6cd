"""Files in a bucket: what is stored is whole, what is cut leaves nothing, and what is erased is gone."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ledger.blobs import bucket, s3
from ledger.blobs.bucket import PART_BYTES, BucketStore
from ledger.blobs.s3 import Bucket
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
from tests.services.object_store import SECRET, ObjectStore, object_store, objects

HELLO = hashlib.sha256(b"hello").hexdigest()
PLACE = f"{HELLO[:2]}/{HELLO[2:4]}/{HELLO}"
LIMIT = 1 << 32
MIB = 1024 * 1024


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def broken(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    raise ConnectionResetError("the line is dead")


async def read(store: BucketStore, sha256: str, begin: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.open(sha256, begin, end)])


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as found:
        yield found


@pytest.fixture
def kept(server: ObjectStore) -> Iterator[Any]:
    """The bucket that the files are in."""
    found = server.bucket(f"files-{os.urandom(8).hex()}")
    yield found
    server.refuse = lambda method, path: 0


@pytest.fixture
def store(kept: Any) -> BucketStore:
    return BucketStore(f"s3://{kept.name}/crowd/files/")


def left(kept: Any) -> list[str]:
    """What is in the bucket, uploads under way included."""
    return [*objects(kept, "crowd/files/"), *[each.object_key for each in kept.multipart_uploads.all()]]


async def test_a_file_goes_in_and_comes_out(store: BucketStore, kept: Any) -> None:
    assert not await store.exists(HELLO)
    blob = await store.put(stream(b"he", b"", b"llo"), limit_bytes=5, sha256=HELLO)
    assert blob == Blob(HELLO, 5)
    assert await store.put(stream(b"hello"), limit_bytes=5) == blob
    assert await store.exists(HELLO)
    assert await store.size(HELLO) == 5
    assert await verify(store, HELLO) == 5
    for begin, end in ((0, None), (1, 3), (4, 99), (5, None), (7, 9), (2, 2), (0, 0)):
        assert await read(store, HELLO, begin, end) == b"hello"[begin:end]
    assert objects(kept) == {f"crowd/files/{PLACE}": b"hello"}
    await store.erase(HELLO)
    await store.erase(HELLO)
    assert left(kept) == []
    for gone in (store.size(HELLO), verify(store, HELLO), store.put(stream(), limit_bytes=5, sha256="../x")):
        with pytest.raises(NotFoundError):
            await gone


async def test_the_empty_file(store: BucketStore) -> None:
    blob = await store.put(stream(), limit_bytes=0)
    assert blob == Blob(hashlib.sha256().hexdigest(), 0)
    assert await read(store, blob.sha256) == b""
    assert await verify(store, blob.sha256) == 0


@pytest.mark.parametrize(("size", "is_known"), [(PART_BYTES, True), (2 * PART_BYTES + 17, False)])
async def test_files_of_many_parts(store: BucketStore, kept: Any, size: int, is_known: bool) -> None:
    data = os.urandom(size)
    sha256 = hashlib.sha256(data).hexdigest()
    pieces = stream(data[:5], data[5 : PART_BYTES - 1], data[PART_BYTES - 1 :])
    blob = await store.put(pieces, limit_bytes=size, sha256=sha256 if is_known else None)
    assert blob == Blob(sha256, size)
    assert await read(store, sha256) == data
    assert await read(store, sha256, PART_BYTES - 3, PART_BYTES + 4) == data[PART_BYTES - 3 : PART_BYTES + 4]
    assert [path.rpartition("/")[2] for path in left(kept)] == [sha256]


async def test_memory_does_not_grow_with_the_file(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own process is this one: what it holds is measured without it."""
    sent = 0

    async def call(operation: str, path: str, **arguments: Any) -> dict[str, str]:
        nonlocal sent
        sent += len(arguments.get("Body", b""))
        return {"UploadId": "1", "ETag": "2"}

    async def long() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(MIB)

    async def moved(path: str, target: str) -> None:
        """Nothing is there."""

    monkeypatch.setattr(store, "call", call)
    monkeypatch.setattr(store, "move", moved)
    tracemalloc.start()
    try:
        assert (await store.put(long(), limit_bytes=LIMIT)).bytes == sent == 64 * MIB
        assert tracemalloc.get_traced_memory()[1] < 3 * PART_BYTES
    finally:
        tracemalloc.stop()


async def test_what_is_cut_too_long_or_another_file_leaves_nothing(store: BucketStore, kept: Any) -> None:
    for rest in (b"", bytes(2 * PART_BYTES)):
        with pytest.raises(ConnectionResetError):
            await store.put(broken(b"hel", rest), limit_bytes=LIMIT)
        with pytest.raises(TooLargeError) as large:
            await store.put(stream(b"hel", rest, b"lo"), limit_bytes=len(rest) + 4)
        assert large.value.members["limit"] == len(rest) + 4
        with pytest.raises(FieldError) as wrong:
            await store.put(stream(b"hallo", rest), limit_bytes=LIMIT, sha256=HELLO)
        assert wrong.value.field == "sha256"
        assert left(kept) == []
    await store.put(stream(b"hello"), limit_bytes=5)
    with pytest.raises(FieldError):
        await store.put(stream(b"hallo", bytes(PART_BYTES)), limit_bytes=LIMIT, sha256=HELLO)
    assert await read(store, HELLO) == b"hello"


async def test_a_cancelled_upload_leaves_nothing(store: BucketStore, kept: Any, server: ObjectStore) -> None:
    coming = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for number in itertools.count():
            yield bytes(MIB)
            if number * MIB > PART_BYTES:
                coming.set()

    task = asyncio.create_task(store.put(endless(), limit_bytes=LIMIT))
    await coming.wait()
    assert any("partNumber=1" in path and kept.name in path for _, path in server.seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left(kept) == []


async def test_a_copy_that_fails_leaves_nothing(store: BucketStore, kept: Any, server: ObjectStore) -> None:
    """A file whose digest nobody knew before gets its name by a copy."""
    server.refuse = lambda method, path: 403 if method == "HEAD" else 0
    with pytest.raises(UnavailableError, match="403"):
        await store.put(stream(bytes(PART_BYTES + 1)), limit_bytes=LIMIT)
    assert left(kept) == []


async def test_too_many_uploads_at_once(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "MAX_UPLOADS", 1)
    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await waiting.wait()
        yield b"hello"

    first = asyncio.create_task(store.put(slow(), limit_bytes=5))
    await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        await store.put(stream(b"a"), limit_bytes=5)
    waiting.set()
    await first
    await store.put(stream(b"a"), limit_bytes=5)


async def test_an_erased_file_leaves_no_version(store: BucketStore, kept: Any) -> None:
    """Whoever is right to ask for erasure gets it, also where the bucket keeps what is deleted."""
    kept.Versioning().enable()
    kept.put_object(Key=f"crowd/files/{PLACE}-other", Body=b"another's")
    for _ in range(2):
        await store.put(stream(b"hello"), limit_bytes=5)
    large = await store.put(stream(bytes(PART_BYTES + 1)), limit_bytes=LIMIT)
    await store.erase(HELLO)
    await store.erase(large.sha256)
    assert [version.object_key for version in kept.object_versions.all()] == [f"crowd/files/{PLACE}-other"]


async def test_a_changed_file_is_noticed_and_mended_by_the_same_bytes(store: BucketStore, kept: Any) -> None:
    await store.put(stream(b"hello"), limit_bytes=5)
    kept.put_object(Key=f"crowd/files/{PLACE}", Body=b"hallo")
    with pytest.raises(ProofError, match="has the digest"):
        await verify(store, HELLO)
    await store.put(stream(b"hello"), limit_bytes=5)
    assert await verify(store, HELLO) == 5


async def test_a_store_that_is_busy_is_asked_again(store: BucketStore, server: ObjectStore) -> None:
    refusals = iter([503, 503])
    server.refuse = lambda method, path: next(refusals, 0)
    assert await store.put(stream(b"hello"), limit_bytes=5) == Blob(HELLO, 5)
    refusals = iter([503])
    assert await read(store, HELLO) == b"hello"


async def test_a_store_that_does_not_answer_is_unavailable(
    kept: Any, server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_TRIES", 1)
    for status in (503, 403):
        store = BucketStore(f"s3://{kept.name}")
        server.refuse = {503: lambda *_: 503, 403: lambda *_: 403}[status]
        for asked in (
            store.put(stream(b"hello"), limit_bytes=5),
            store.exists(HELLO),
            read(store, HELLO),
            store.erase(HELLO),
        ):
            with pytest.raises(UnavailableError) as failed:
                await asked
            assert SECRET not in str(failed.value)
        server.refuse = lambda method, path: 0
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    store = BucketStore(f"s3://{kept.name}")  # a service starts also while its store is down
    with pytest.raises(UnavailableError):
        await store.size(HELLO)


async def test_what_was_read_in_part_is_let_go(store: BucketStore) -> None:
    data = os.urandom(3 * MIB)
    blob = await store.put(stream(data), limit_bytes=LIMIT)
    pieces = store.open(blob.sha256)
    assert data.startswith(await anext(pieces))
    await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert await read(store, blob.sha256) == data


def test_a_bucket_that_cannot_be_used_is_named(kept: Any, server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SECRET not in repr(Bucket(f"s3://{kept.name}/x", 1))
    with pytest.raises(ConfigError, match="no bucket 'nobodys'"):
        BucketStore("s3://nobodys/files")
    server.refuse = lambda method, path: 403
    with pytest.raises(ConfigError, match="403"):
        BucketStore(f"s3://{kept.name}")
    wrong = ("s3://", "s3:///a", "s3://ab", "s3://abc//d", "s3://abc/../d", "s3://abc/d?e", "s3://abc/" + "d" * 999)
    for address in wrong:
        with pytest.raises(ConfigError, match="no address of a bucket"):
            Bucket(address, 1)
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(ConfigError, match="nobodys"):
        Bucket(f"s3://{kept.name}", 1)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError) as missing:
        Bucket(f"s3://{kept.name}", 1)
    assert "crowdledger[s3]" in missing.value.remedy


def test_without_credentials_the_settings_of_aws_are_named(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigError, match="credentials"):
        Bucket(f"s3://{kept.name}", 1).check()


def test_names_at_the_top(kept: Any) -> None:
    for key in ("a/", "a/b", "a/c/d", "a/c/e", "ab"):
        kept.put_object(Key=key, Body=b"")
    assert Bucket(f"s3://{kept.name}/", 1).top() == {"a", "ab"}
    found = Bucket(f"s3://{kept.name}/a/", 1)
    assert (found.top(), found.below("c")) == ({"b", "c"}, ["c/d", "c/e"])
