"""How pages are sent: in the visitor's language, compressed, below the log's path, with texts that end no script."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from api.pages import assets, rendering
from ledger.tree.keys import LogSigner
from tests.integration.api.running import Api, running, settings

SURVEY = "example.org/logs/survey"
HTML = {"Accept": "text/html"}


@pytest.fixture
async def two(tmp_path: Path, sqlite_database_url: str, log_signer: LogSigner) -> AsyncIterator[Api]:
    """Two logs, of which one stands below a path."""
    key = tmp_path / "survey.pem"
    key.write_bytes(LogSigner.generate(SURVEY).to_pem())
    survey = {"origin": SURVEY, "log_key_file": key}
    async with running(settings(tmp_path, sqlite_database_url, log_signer, logs={"survey": survey})) as found:
        yield found


async def test_the_language_is_kept_for_the_log_that_was_asked(two: Api) -> None:
    reply = await two.http.get("/logs/survey/campaigns?show=all&lang=fa", headers=HTML)
    assert 'lang="fa" dir="rtl"' in reply.text
    assert 'href="/logs/survey/campaigns?show=all&amp;lang=en"' in reply.text
    cookie = reply.headers["set-cookie"].lower()
    assert cookie.startswith("lang=fa;")
    for part in ("httponly", "samesite=lax", "path=/logs/survey", "max-age=31536000"):
        assert part in cookie
    assert 'lang="fa"' in (await two.http.get("/logs/survey/nowhere", headers=HTML)).text
    for asked in ("xx", "<b>", "en" * 1000):
        reply = await two.http.get("/", params={"lang": asked}, headers=HTML)
        assert 'lang="en"' in reply.text
        assert "set-cookie" not in reply.headers
        assert "<b>" not in reply.text


async def test_no_path_makes_a_link_to_another_host(two: Api) -> None:
    for path in ("//evil.example/", "///evil.example/%22%3E", "/\\evil.example/", "/logs/survey//evil.example/"):
        reply = await two.http.get(f"http://crowd.test{path}", headers=HTML)
        assert reply.status_code == 404
        links = re.findall(r'href="([^"]*)"', reply.text)
        assert [each for each in links if urljoin("http://crowd.test/", each).split("/")[2] != "crowd.test"] == []


async def test_programs_are_answered_in_english_whatever_they_prefer(two: Api) -> None:
    reply = await two.http.get("/v1/campaigns/nothing/figures", headers={"Accept-Language": "fa"})
    assert reply.json()["title"] == "There is no such thing"


async def test_pages_are_compressed_for_those_who_can_read_it(two: Api) -> None:
    transport = httpx.ASGITransport(app=two.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://crowd.test", headers=HTML) as browser:
        async with browser.stream("GET", "/") as reply:
            sent = b"".join([piece async for piece in reply.aiter_raw()])
        plain = await browser.get("/", headers={"Accept-Encoding": "identity"})
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent).startswith(b"<!doctype html>")
    assert "content-encoding" not in plain.headers
    assert plain.text.startswith("<!doctype html>")
    for header in ("accept-encoding", "accept-language", "cookie"):
        assert header in reply.headers["vary"].lower()


def test_texts_in_a_page_end_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "texts_for_scripts", lambda _: '{"a": "</script><script>"}')
    assert "<" not in rendering._texts(rendering.languages.ENGLISH)
