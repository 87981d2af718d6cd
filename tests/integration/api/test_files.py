"""Files over HTTP on both databases: streamed, named by digest, seen by their platform alone, erased for good."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.reads import files
from api.routes import files as routes
from ledger.blobs.folder import FolderStore
from ledger.blobs.store import Blob
from ledger.errors import UnavailableError
from tests.integration.api.running import Api, Platform, running, settings
from tests.integration.api.test_problems import check

DATA = random.Random(1).randbytes(2_500_000)  # more than a body that is no file may have
SHA256 = hashlib.sha256(DATA).hexdigest()
CONTENT = {"sha256": SHA256, "bytes": len(DATA), "type": "image/png"}
PATH = f"/v1/files/{SHA256}"


@pytest.fixture
async def small(sqlite_database_url: str, tmp_path: Path, log_signer: Any) -> AsyncIterator[Platform]:
    """A platform of a service that takes files of up to 1,000 bytes."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer, max_file_bytes=1000)) as api:
        await api.service.comparison.run()
        yield await api.platform()


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def send(platform: Platform, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await platform.api.http.request(method, path, content=content, headers=platform.headers | named)


async def upload(platform: Platform, data: bytes = DATA, media_type: str = "image/png") -> str:
    """Upload in pieces and give the file's path."""
    reply = await send(platform, "POST", "/v1/files", pieces(data), Content_Type=media_type)
    assert reply.status_code in (200, 201), reply.text
    return f"/v1/files/{reply.json()['sha256']}"


def stored(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file())


async def test_a_file_goes_in_and_comes_out(both: Api, tmp_path: Path) -> None:
    platform = await both.platform()
    reply = await send(platform, "PUT", PATH, pieces(DATA), Content_Type="Image/PNG")
    assert (reply.status_code, reply.json()) == (201, CONTENT)
    assert reply.headers["location"] == f"http://crowd.test{PATH}"
    for method, path in (("PUT", PATH), ("POST", "/v1/files")):
        again = await send(platform, method, path, DATA, Content_Type="image/png")
        assert (again.status_code, again.json()) == (200, CONTENT)
    assert stored(tmp_path) == [SHA256]
    given = await send(platform, "GET", PATH)
    assert (given.status_code, given.content) == (200, DATA)
    # The reply is, word for word, the content of a contribution.
    written = await platform.contribution(await platform.campaign(), content=reply.json())
    shown = await platform.get(f"/v1/contributions/{written['id']}")
    assert shown.json()["content"] == CONTENT


async def test_a_browser_saves_it_and_nothing_runs(platform: Platform) -> None:
    page = b"<script>fetch('/v1/keys')</script>"
    path = await upload(platform, page, "text/html; charset=utf-8")
    for method in ("GET", "HEAD"):
        reply = await send(platform, method, path)
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert reply.headers["content-disposition"] == "attachment"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in reply.headers["content-security-policy"]
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-length"] == str(len(page))
        assert "access-control-allow-origin" not in reply.headers
        assert reply.content == (page if method == "GET" else b"")


async def test_parts_of_a_file(platform: Platform) -> None:
    path = await upload(platform)
    etag = (await send(platform, "HEAD", path)).headers["etag"]
    for header, begin, end in (("bytes=0-0", 0, 1), ("bytes=1000000-", 1_000_000, len(DATA)), ("bytes=-5", -5, None)):
        reply = await send(platform, "GET", path, Range=header)
        assert (reply.status_code, reply.content) == (206, DATA[begin:end])
        first = len(DATA) + begin if begin < 0 else begin
        assert reply.headers["content-range"] == f"bytes {first}-{first + len(reply.content) - 1}/{len(DATA)}"
        assert (await send(platform, "GET", path, Range=header, If_Range=etag)).status_code == 206
        assert (await send(platform, "GET", path, Range=header, If_Range='"other"')).content == DATA
    for header in ("bytes=0-1,5-6", "bytes=5-1", "pages=1-2"):
        reply = await send(platform, "GET", path, Range=header)
        assert (reply.status_code, len(reply.content)) == (200, len(DATA))
    reply = await send(platform, "GET", path, Range=f"bytes={len(DATA)}-")
    check(reply, 416, "range")
    assert reply.headers["content-range"] == f"bytes */{len(DATA)}"


async def test_another_platform_sees_nothing_of_it(both: Api, tmp_path: Path) -> None:
    owner, eve = await both.platform(), await both.platform("Eve")
    path = await upload(owner)
    never = "/v1/files/" + "0" * 64
    for method in ("GET", "DELETE"):
        refused, missing = await send(eve, method, path), await send(eve, method, never)
        assert refused.status_code == 404
        assert refused.text.replace(path[-64:], "X") == missing.text.replace(never[-64:], "X")
    assert (await send(eve, "HEAD", path)).status_code == 404
    # Knowing the digest is not having the file: what she sends must be it, and then it is hers too.
    check(await send(eve, "PUT", path, b"", Content_Type="image/png"), 422, "field-invalid")
    assert (await send(eve, "GET", path)).status_code == 404
    assert (await send(eve, "PUT", path, DATA, Content_Type="audio/flac")).status_code == 201
    assert (await send(eve, "GET", path)).headers["content-type"] == "audio/flac"
    assert (await send(owner, "GET", path)).headers["content-type"] == "image/png"
    assert stored(tmp_path) == [SHA256]


async def test_erasing(both: Api, tmp_path: Path) -> None:
    owner, other = await both.platform(), await both.platform("Other")
    path = await upload(owner)
    await upload(other)
    for _ in range(2):
        assert (await send(owner, "DELETE", path)).status_code == 200
        gone = check(await send(owner, "GET", path), 404, "not-found")
        assert "erased" in gone["detail"]
        assert (await send(other, "GET", path)).content == DATA  # somebody else's file stays
    assert (await send(other, "DELETE", path)).status_code == 200
    assert stored(tmp_path) == []
    row = await files.find(both.service.reads, owner.id, SHA256)
    assert row is not None
    assert row.erased_ms is not None
    # Sent again, it is a new file, of another type if they like.
    again = await send(owner, "PUT", path, DATA, Content_Type="image/webp")
    assert (again.status_code, again.json()["type"]) == (201, "image/webp")
    assert (await send(other, "GET", path)).status_code == 404


async def test_erasing_while_others_upload_the_same(both: Api, tmp_path: Path) -> None:
    """However they cross: who was told that the file is stored can read it; if nobody has it, it is gone."""
    platforms = [await both.platform(f"P{number}") for number in range(4)]
    for data in (b"%d" % number for number in range(6)):
        path = f"/v1/files/{hashlib.sha256(data).hexdigest()}"
        await upload(platforms[0], data)
        replies = await asyncio.gather(
            send(platforms[0], "DELETE", path),
            *(send(each, "PUT", path, data, Content_Type="a/b") for each in platforms[1:]),
        )
        assert replies[0].status_code == 200
        for platform, reply in zip(platforms[1:], replies[1:], strict=True):
            assert reply.status_code in (201, 503)
            read = await send(platform, "GET", path)
            assert read.status_code == (200 if reply.status_code == 201 else 404), reply.text
            if read.status_code == 200:
                assert read.content == data


class LateAnswers(FolderStore):
    """A folder on a slow disk: what it says is true when it looks, and half a second old when it is heard."""

    async def exists(self, sha256: str) -> bool:
        found = await super().exists(sha256)
        await asyncio.sleep(0.5)
        return found


async def test_what_is_being_noted_is_not_erased(both: Api, tmp_path: Path) -> None:
    owner, other = await both.platform(), await both.platform("Other")
    path = await upload(owner)
    reads, blobs = both.service.reads, LateAnswers(tmp_path / "blobs")
    noting = asyncio.create_task(files.record(reads, blobs, other.id, Blob(SHA256, len(DATA)), "a/b"))
    await asyncio.sleep(0.2)
    await files.erase(reads, blobs, owner.id, SHA256)
    assert await noting
    assert (await send(owner, "GET", path)).status_code == 404
    assert (await send(other, "GET", path)).content == DATA


async def test_a_row_is_never_written_without_its_bytes(api: Api, platform: Platform) -> None:
    with pytest.raises(UnavailableError, match="erased"):
        await files.record(api.service.reads, api.service.blobs, platform.id, Blob(SHA256, len(DATA)), "a/b")
    assert await files.find(api.service.reads, platform.id, SHA256) is None


@pytest.mark.parametrize("kept", [b"", DATA[:-1]])
async def test_bytes_that_the_store_lost(platform: Platform, tmp_path: Path, kept: bytes) -> None:
    path = await upload(platform)
    place = next(each for each in (tmp_path / "blobs").rglob(SHA256))
    place.write_bytes(kept) if kept else place.unlink()
    assert "restore" in check(await send(platform, "GET", path), 503, "unavailable")["remedy"]
    assert (await send(platform, "HEAD", path)).status_code == 503
    await upload(platform)
    assert (await send(platform, "GET", path)).content == DATA


async def test_one_type_a_file(platform: Platform) -> None:
    path = await upload(platform)
    refused = check(await send(platform, "PUT", path, DATA, Content_Type="image/gif"), 409, "rule-broken")
    assert refused["rule"] == "one-type-a-file"
    assert (await send(platform, "GET", path)).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "media_type", [None, "", "picture", "*/*", "text/html; charset", "multipart/form-data; boundary=x"]
)
async def test_the_type_is_checked_before_the_body(platform: Platform, tmp_path: Path, media_type: str | None) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    headers = {} if media_type is None else {"Content_Type": media_type}
    reply = await send(platform, "POST", "/v1/files", body(), **headers)
    assert check(reply, 422, "field-invalid")["field"] == "Content-Type"
    assert read == []
    assert stored(tmp_path) == []


async def test_two_types_are_none(platform: Platform) -> None:
    headers = [*platform.headers.items(), ("Content-Type", "text/html"), ("Content-Type", "image/png")]
    reply = await platform.api.http.post("/v1/files", content=b"x", headers=headers)
    check(reply, 422, "field-invalid")


async def test_a_file_that_is_too_large(small: Platform, tmp_path: Path) -> None:
    read: list[int] = []

    async def body(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            read.append(1)
            yield bytes(100)

    reply = await send(small, "POST", "/v1/files", body(10), Content_Type="a/b")
    assert reply.status_code == 201
    read.clear()
    said = check(
        await send(small, "POST", "/v1/files", body(11), Content_Type="a/b", Content_Length="1100"), 413, "too-large"
    )
    assert (said["limit"], read) == (1000, [])
    assert "max_file_bytes" in said["remedy"]
    for length in ({}, {"Content_Length": "5"}):  # an honest stream without a length, and a lie
        reply = await send(small, "POST", "/v1/files", body(500), Content_Type="a/b", **length)
        assert check(reply, 413, "too-large")["limit"] == 1000
        assert len(read) == 11
        read.clear()
    assert stored(tmp_path) == [hashlib.sha256(bytes(1000)).hexdigest()]


@pytest.mark.parametrize("length", ["10", "12", "0"])
async def test_a_length_that_lies(platform: Platform, tmp_path: Path, length: str) -> None:
    reply = await send(platform, "POST", "/v1/files", pieces(b"hello world"), Content_Type="a/b", Content_Length=length)
    check(reply, 400, "malformed")
    assert stored(tmp_path) == []


async def test_a_wrong_digest(platform: Platform, tmp_path: Path) -> None:
    reply = await send(platform, "PUT", PATH, DATA[:-1], Content_Type="image/png")
    said = check(reply, 422, "field-invalid")
    assert said["field"] == "sha256"
    assert hashlib.sha256(DATA[:-1]).hexdigest() in said["detail"]
    assert stored(tmp_path) == []
    assert (await send(platform, "GET", PATH)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        SHA256.upper(),
        SHA256 + "0",
        SHA256[:-1],
        "%00" * 64,
        "x" * 5000,
        "%d9%a3" * 64,
    ],
)
async def test_a_path_that_is_no_digest(platform: Platform, tmp_path: Path, name: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        headers = {"Content_Type": "a/b"} if method == "PUT" else {}
        reply = await send(platform, method, f"/v1/files/{name}", b"x" if method == "PUT" else None, **headers)
        assert reply.status_code in (404, 405), (method, reply.text)
    assert stored(tmp_path) == []


async def test_compressed_bodies_are_refused(platform: Platform) -> None:
    reply = await send(platform, "POST", "/v1/files", b"x", Content_Type="a/b", Content_Encoding="gzip")
    check(reply, 400, "malformed")


async def test_an_upload_that_stalls(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "IDLE_SECONDS", 0.2)

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(30)

    reply = await send(platform, "POST", "/v1/files", body(), Content_Type="a/b")
    assert "0.2 seconds" in check(reply, 400, "malformed")["detail"]
    assert stored(tmp_path) == []


async def test_bodies_of_strangers_are_not_read(api: Api) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    headers = {"Content-Type": "a/b", "Authorization": f"Bearer cl_{'0' * 16}_{'0' * 64}"}
    for method, path in (("POST", "/v1/files"), ("PUT", PATH)):
        reply = await api.http.request(method, path, content=body(), headers=headers)
        assert (reply.status_code, read) == (401, [])


async def test_the_description_takes_any_bytes(api: Api) -> None:
    paths = (await api.http.get("/openapi.json")).json()["paths"]
    for operation in (paths["/v1/files"]["post"], paths["/v1/files/{sha256}"]["put"]):
        assert operation["requestBody"]["content"]["*/*"]["schema"] == {"type": "string", "format": "binary"}
        assert set(operation["responses"]) == {"200", "201", "default"}
    assert set(paths["/v1/files/{sha256}"]) == {"get", "put", "delete"}
    assert paths["/v1/files/{sha256}"]["get"]["security"] == [{"HTTPBearer": []}]
