"""Tiles over HTTP as c2sp.org/tlog-tiles asks: types, caching, compression, and nothing that the tree does not have."""

from __future__ import annotations

import zlib

import pytest

from ledger.tree.tiles import ENTRIES, Tile, decode_entries, encode_entries
from tests.integration.api.running import Platform

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
async def full(platform: Platform) -> Platform:
    """A log of 260 entries: a full tile and a partial one beside it. Their bundles are larger than 64 KiB."""
    campaign = await platform.campaign()
    items = [{"campaign": campaign, "contributor": "ann", "content": number} for number in range(257)]
    assert (await platform.post("/v1/contributions/batch", {"items": items})).status_code == 200
    return platform


async def test_types_and_caching(full: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    http = full.api.http
    checkpoint = await http.get("/checkpoint")
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "no-cache"

    async def fail() -> None:
        raise AssertionError("a tile needs no head")

    monkeypatch.setattr(full.api.service.reader, "head", fail)
    for tile in (Tile(0, 0), Tile(0, 0, 7), Tile(0, 1, 4), Tile(1, 0, 1), Tile(ENTRIES, 0), Tile(ENTRIES, 1, 4)):
        reply = await http.get(f"/{tile.path}")
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/octet-stream"), tile
        assert reply.headers["Cache-Control"] == FOR_EVER
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_what_the_tree_does_not_have_is_missing(full: Platform) -> None:
    for tile in (Tile(0, 1), Tile(0, 1, 5), Tile(0, 2, 1), Tile(1, 0), Tile(1, 0, 2), Tile(2, 0, 1), Tile(63, 0, 1)):
        reply = await full.api.http.get(f"/{tile.path}")
        assert (reply.status_code, reply.json()["type"]) == (404, "/problems/not-found"), tile
        assert reply.headers["Cache-Control"] == "no-store"
    for index, width in ((1, 5), (2, 1), (1, 256), (10**15, 256)):
        assert (await full.api.http.get(f"/{Tile(ENTRIES, index, width).path}")).status_code == 404


ACCEPTED = {
    "gzip": True,
    "br, gzip;q=0.5, *;q=0": True,
    "GZIP": True,
    "x-gzip": True,
    "identity": False,
    "gzip;q=0": False,
    "gzip; q=0.000": False,
    "br": False,
    "": False,
}


async def test_bundles_are_compressed_for_those_who_take_it(full: Platform) -> None:
    statements = await full.api.service.reader.statements(0, 260)
    for accepted, compressed in ACCEPTED.items():
        for tile in (Tile(ENTRIES, 0), Tile(ENTRIES, 1, 4)):
            begin = tile.index * 256
            headers = {"Accept-Encoding": accepted}
            async with full.api.http.stream("GET", f"/{tile.path}", headers=headers) as reply:
                raw = b"".join([part async for part in reply.aiter_raw()])
            assert reply.headers["Vary"] == "Accept-Encoding"
            assert reply.headers["Content-Length"] == str(len(raw))
            assert ("Content-Encoding" in reply.headers) is compressed, accepted
            data = zlib.decompress(raw, wbits=31) if compressed else raw
            assert data == encode_entries(statements[begin : begin + tile.width])
            assert decode_entries(data) == statements[begin : begin + tile.width]


async def test_hashes_are_not_compressed(full: Platform) -> None:
    reply = await full.api.http.get("/tile/0/000", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in reply.headers
    assert len(reply.content) == 8192
