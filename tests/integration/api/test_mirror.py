"""The whole log as one file: unpacked, it is a mirror that an audit passes and that grows on."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ledger.audit.mirror import Mirror
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.log.reader import Reader
from tests.integration.api.running import Api


async def test_the_file_is_a_mirror(both: Api, tmp_path: Path) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    for folder in ("first", "second"):
        items = [
            {"campaign": campaign, "contributor": "ann", "content": n, "external_id": f"{folder}-{n}"}
            for n in range(300)
        ]
        assert (await platform.post("/v1/contributions/batch", {"items": items})).status_code == 200
        reply = await both.http.get("/mirror.tar")
        assert reply.headers["content-type"] == "application/x-tar"
        with tarfile.open(fileobj=io.BytesIO(reply.content), mode="r:") as file:
            assert file.getnames()[-1] == "mirror/checkpoint"
            file.extractall(tmp_path / folder, filter="data")
        size = (await both.service.reader.head()).size
        assert reply.headers["content-disposition"] == f'attachment; filename="main-{size}.tar"'
        with FolderSource(tmp_path / folder / "mirror") as source:
            report = audit(source)
        assert (report.verdict, report.entries) == ("pass", size)
    with FolderSource(tmp_path / "second" / "mirror") as source:
        grown = Mirror(tmp_path / "first" / "mirror").sync(source)
    assert (grown.old_size, grown.new_size) == (size - 300, size)


async def test_who_asks_for_its_headers_makes_nobody_read_the_log(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_: object) -> bytes:
        raise AssertionError("the log was read")

    monkeypatch.setattr(Reader, "entry_bundle", read)
    monkeypatch.setattr(Reader, "tile", read)
    reply = await api.http.head("/mirror.tar")
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-type"] == "application/x-tar"
    assert reply.headers["content-disposition"] == 'attachment; filename="main-1.tar"'
    assert "content-length" not in reply.headers
