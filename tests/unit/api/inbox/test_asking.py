"""Asking a platform back: below one address, with its token, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.inbox import asking
from api.inbox.asking import Asker
from api.inbox.hooks import StoredHook
from ledger.errors import CrowdLedgerError, FormatError, OutgoingRefusedError, UnavailableError
from ledger.outgoing import Outgoing
from tests.services.platform_api import Asked, PlatformApi, Reply, serving


@pytest.fixture
def server() -> Iterator[PlatformApi]:
    def answer(asked: Asked) -> Reply:
        return Reply({"path": asked.path, "query": asked.query, "shown": asked.headers.get("authorization")})

    with serving(answer) as found:
        yield found


def hook(url: str, connector: str = "toloka", token: str | None = "the-token") -> StoredHook:
    return StoredHook("h", "p", "c", connector, [], url, token, None)


async def asked(about: StoredHook, call: Callable[[Asker], Any], *, private: bool = True) -> Any:
    outgoing = Outgoing(private)
    try:
        asker = Asker(outgoing, asyncio.get_running_loop(), about)
        return await asyncio.to_thread(call, asker)
    finally:
        await outgoing.close()


async def test_below_the_address_with_the_platforms_own_header(server: PlatformApi) -> None:
    found = await asked(hook(f"{server.url}/api/v1/"), lambda ask: ask("/assignments/a_1", {"x": "a&b=/../"}))
    assert found["path"] == "/api/v1/assignments/a_1"
    assert found["query"] == {"x": "a&b=/../"}
    shown = {
        name: (await asked(hook(server.url, name), lambda ask: ask("/a")))["shown"]
        for name in ("toloka", "prolific", "pybossa", "mturk", "forms")
    }
    assert all(text.endswith("the-token") for text in shown.values())
    assert shown["prolific"] == "Token the-token"
    assert shown["mturk"] == shown["forms"] == "Bearer the-token"
    assert (await asked(hook(server.url, token=None), lambda ask: ask("/a")))["shown"] is None


PATHS = ("", "a", "//evil.example/a", "/../a", "/a/../b", "/a?b", "/a#b", "/a b", "/a\r\nb", "/%2e%2e/a", "/a@b", "/ü")


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_leads_elsewhere(server: PlatformApi, path: str) -> None:
    with pytest.raises(FormatError):
        await asked(hook(server.url), lambda ask: ask(path))
    assert server.asked == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=500), UnavailableError),
        (Reply(status=503), UnavailableError),
        (Reply(status=429), UnavailableError),
        (Reply(status=401), FormatError),
        (Reply(status=404), FormatError),
        (Reply(b"no json"), FormatError),
        (Reply(b"[" * 10_000), FormatError),
        (Reply(b"\xff"), FormatError),
        (Reply(status=302, headers={"location": "http://169.254.169.254/"}), OutgoingRefusedError),
    ],
)
async def test_what_is_no_answer(server: PlatformApi, reply: Reply, error: type[CrowdLedgerError]) -> None:
    server.first[:] = [reply]
    with pytest.raises(error) as raised:
        await asked(hook(server.url), lambda ask: ask("/a"))
    assert "the-token" not in str(raised.value)


async def test_all_requests_together_have_bounds(server: PlatformApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_TOTAL_BYTES", 200)

    def many(ask: Asker) -> None:
        for _ in range(10):
            ask("/a")

    with pytest.raises(FormatError, match="too long"):
        await asked(hook(server.url), many)
    assert 1 < len(server.asked) < 10
    monkeypatch.setattr(asking, "TOTAL_SECONDS", 0.0)
    with pytest.raises(UnavailableError, match="seconds"):
        await asked(hook(server.url), many)


async def test_private_addresses_are_not_asked(server: PlatformApi) -> None:
    with pytest.raises(OutgoingRefusedError):
        await asked(hook(server.url), lambda ask: ask("/a"), private=False)
    with pytest.raises(OutgoingRefusedError, match="not public"):
        await asked(hook("https://localhost"), lambda ask: ask("/a"), private=False)
    assert server.asked == []
