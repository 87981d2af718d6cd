"""Styles and scripts: kept for good by their digest, compressed, and never anything but them."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.pages import assets
from ledger.errors import NotFoundError

PAGES = Path(assets.__file__).parent


@pytest.fixture
def browser() -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(assets.router)

    @app.exception_handler(NotFoundError)
    async def not_found(*_: object) -> httpx.Response:
        return assets.Response(status_code=404)  # type: ignore[return-value]

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://crowd.test")


async def test_a_browser_keeps_a_file_for_good_by_its_digest_and_asks_otherwise(browser: httpx.AsyncClient) -> None:
    kept = await browser.get(f"/static/{assets.version()}/style.css")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.content == (PAGES / "static" / "style.css").read_bytes()
    for path in ("/static/style.css", f"/static/{'0' * 16}/style.css"):
        asked = await browser.get(path)
        assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-cache")
        again = await browser.get(path, headers={"If-None-Match": asked.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_files_are_compressed_for_those_who_can_read_it(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/static/style.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with browser.stream("GET", "/static/style.css") as reply:
        sent = b"".join([piece async for piece in reply.aiter_raw()])
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == plain.content
    assert len(sent) < len(plain.content) / 2


async def test_modules_have_the_type_that_browsers_run(browser: httpx.AsyncClient) -> None:
    for name in ("words.mjs", "vendor/lit-html.js"):
        assert (await browser.get(f"/static/{name}")).headers["content-type"].startswith("text/javascript")


async def test_nothing_else_can_be_had(browser: httpx.AsyncClient) -> None:
    for path in ("../rendering.py", "..%2frendering.py", "vendor", "vendor/README.md", "", "/etc/passwd", "%00"):
        assert (await browser.get(f"/static/{path}")).status_code == 404, path
    assert (await browser.get("/words/xx.json")).status_code == 404
    assert (await browser.get("/words/..%2ftemplate.json")).status_code == 404


async def test_texts_of_the_scripts(browser: httpx.AsyncClient) -> None:
    reply = await browser.get("/words/fa.json", params={"v": assets.version()})
    assert reply.headers["cache-control"].endswith("immutable")
    assert reply.json()["{count} hour"] == {"one": "{count} ساعت", "other": "{count} ساعت"}
    assert (await browser.get("/words/en.json")).json() == {}


def test_libraries_of_others_are_as_they_were_published() -> None:
    listed = (PAGES / "static" / "vendor" / "README.md").read_text()
    files = [path for path in (PAGES / "static" / "vendor").iterdir() if path.name != "README.md"]
    assert files
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert re.search(rf"\| {re.escape(path.name)} \|.*`{digest}`", listed), path.name


def test_no_template_names_a_file_that_is_not_there_or_another_host() -> None:
    for path in sorted((PAGES / "templates").glob("*.html")):
        if path.name == "verify_file.html":
            continue  # one file without a server: its style and scripts stand in it, each by its digest in its policy
        text = path.read_text()
        for name in re.findall(r"\{\{ (?:static|base) \}\}/(?:static/)?([\w./-]+\.(?:css|mjs|js|svg))\"", text):
            if not name.endswith("qr.svg"):
                assert name in assets.assets(), f"{path.name} names {name}"
        assert "{{ base }}/static" not in text, f"{path.name}: write {{{{ static }}}}, which browsers keep for good"
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", text), path.name
        assert not re.findall(r"\sstyle=|\son\w+=|<style", text), f"{path.name}: the policy forbids it"
